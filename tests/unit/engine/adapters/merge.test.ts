import { openAsBlob, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LinearModule, LoraAdapter } from '../../../../src/engine/adapters/lora-adapter.ts';
import { mergeBert } from '../../../../src/engine/adapters/merge-bert.ts';
import { mergeLlama } from '../../../../src/engine/adapters/merge-llama.ts';
import type { MergedModel } from '../../../../src/engine/adapters/merge.ts';
import { streamSafetensors } from '../../../../src/engine/formats/safetensors-writer.ts';
import { SafetensorsFile } from '../../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../../src/engine/models/bert/config.ts';
import { bertEncoderGraph } from '../../../../src/engine/models/bert/encoder.ts';
import { bertModules } from '../../../../src/engine/models/bert/modules.ts';
import { readBertWeights } from '../../../../src/engine/models/bert/weights.ts';
import { LlamaDecoder } from '../../../../src/engine/models/llama/decoder.ts';
import { llamaModules, toLlamaAdapter } from '../../../../src/engine/models/llama/lora.ts';
import { loadLlamaFolder, loadLlamaGguf, type LoadedLlama } from '../../../../src/engine/models/llama/weights.ts';
import { loraFeeds } from '../../../../src/engine/models/lora.ts';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { nodeRuntime } from '../../../../src/engine/runtime/node.ts';
import { createLoraParameters } from '../../../../src/engine/training/lora-parameters.ts';

/** The file that the streamed pieces make. */
async function fileOf({ tensors }: MergedModel): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of streamSafetensors(tensors)) pieces.push(piece);
  return new Blob(pieces);
}

/** All layers but the last block's, with numbers that change every output by several percent. */
function randomAdapter(modules: LinearModule[], blocks: number, head: LinearModule[] = []): LoraAdapter {
  const targets = [...new Set(modules.map(({ path }) => path.replace(/^.*layers?\.\d+\./, '')))];
  const kept = modules.filter(({ path }) => !path.includes(`.${blocks - 1}.`));
  const settings = { rank: 3, alpha: 5, rankStabilised: true, dropout: 0, targets };
  const { adapter, parameters } = createLoraParameters(kept, settings, 1, head);
  parameters.forEach(({ data }, p) => data.forEach((_, i) => (data[i] = 0.15 * Math.sin(i * 1.7 + p))));
  return adapter;
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);

describe('a decoder', () => {
  const ROOT = 'tests/fixtures/llama/tiny';
  const runtime = residentNode(1);
  const ids = [5, 17, 50, 2, 41, 33, 8, 61];

  async function load(name: string): Promise<LoadedLlama & { json?: Record<string, unknown> }> {
    const files = readdirSync(`${ROOT}/${name}`);
    if (files.includes('model.gguf'))
      return loadLlamaGguf(await openAsBlob(`${ROOT}/${name}/model.gguf`), 'model.gguf');
    const shards = new Map<string, Blob>();
    for (const file of files.filter((file) => file.endsWith('.safetensors'))) {
      shards.set(file, await openAsBlob(`${ROOT}/${name}/${file}`));
    }
    const json = JSON.parse(readFileSync(`${ROOT}/${name}/config.json`, 'utf8')) as Record<string, unknown>;
    return { ...(await loadLlamaFolder(json, shards)), json };
  }

  async function logits(loaded: LoadedLlama, adapter?: LoraAdapter): Promise<Float32Array> {
    const decoder = await LlamaDecoder.create(loaded, runtime, { layout: 'float32' });
    if (adapter) decoder.setAdapter(toLlamaAdapter(adapter, loaded.config, 'test'));
    const out = await decoder.append(ids);
    await decoder.dispose();
    return out;
  }

  test.each(readdirSync(ROOT))('%s answers the same merged as with the adapter beside it', async (name) => {
    const loaded = await load(name);
    const adapter = randomAdapter(llamaModules(loaded.config), loaded.config.layers);
    const beside = await logits(loaded, adapter);
    expect(worst(beside, await logits(loaded))).toBeGreaterThan(0.05);
    for (const [dtype, tolerance] of [
      ['F32', 2e-5],
      // Weights of up to 1 rounded to 11 bits, through two blocks.
      ['F16', 2e-2],
    ] as const) {
      const merged = mergeLlama(loaded, adapter, dtype, loaded.json);
      const shards = new Map([['model.safetensors', await fileOf(merged)]]);
      const again = await loadLlamaFolder(merged.config, shards);
      expect({ ...again.config, rope: undefined }).toEqual({ ...loaded.config, rope: undefined });
      expect(worst(await logits(again), beside)).toBeLessThan(tolerance);
    }
  });

  test('refuses an adapter of another model by the weight that it lacks', async () => {
    const loaded = await load('llama-f16');
    const { adapter } = createLoraParameters(
      [{ path: 'model.layers.7.self_attn.q_proj', inFeatures: 32, outFeatures: 32 }],
      { rank: 1, alpha: 1, rankStabilised: false, dropout: 0, targets: ['self_attn.q_proj'] },
      1,
    );
    expect(() => mergeLlama(loaded, adapter, 'F32')).toThrow('model.layers.7.self_attn.q_proj.weight');
  });
});

describe('an encoder', () => {
  const ROOT = 'tests/fixtures/embedder';
  const runtime = nodeRuntime(1);
  const source = async (name: string) => ({
    json: (JSON.parse(readFileSync(`${ROOT}/${name}.json`, 'utf8')) as { config: Record<string, unknown> }).config,
    file: await SafetensorsFile.open(await openAsBlob(`${ROOT}/${name}.safetensors`), name),
  });

  async function vectors(json: Record<string, unknown>, file: SafetensorsFile, adapter?: LoraAdapter) {
    const config = parseBertConfig(json, 'test');
    const model = bertEncoderGraph(config, await readBertWeights(file, config), {
      pooling: 'mean',
      precision: 'float32',
    });
    const session = await runtime.createSession(model);
    const empty: LoraAdapter = { settings: adapter?.settings ?? EMPTY, pairs: new Map(), full: new Map() };
    const { embedding } = await session.run({
      ids: runtime.tensor('int64', BigInt64Array.from([2, 9, 21, 7, 30, 3], BigInt), [1, 6]),
      mask: runtime.tensor('int32', new Int32Array(6).fill(1), [1, 6]),
      ...loraFeeds(runtime, model, 'test', adapter ?? empty),
    });
    await session.dispose();
    return embedding!.data as Float32Array;
  }
  const EMPTY = { rank: 1, alpha: 1, rankStabilised: false, dropout: 0, targets: [] };

  test.each(['tiny-bert', 'tiny-roberta'])('%s embeds the same merged as with the adapter beside it', async (name) => {
    const { json, file } = await source(name);
    const config = parseBertConfig(json, name);
    const adapter = randomAdapter(bertModules(config), config.layers);
    const beside = await vectors(json, file, adapter);
    expect(worst(beside, await vectors(json, file))).toBeGreaterThan(0.01);
    for (const [dtype, tolerance] of [
      ['F32', 1e-5],
      ['F16', 2e-3],
    ] as const) {
      const merged = mergeBert(file, json, adapter, dtype);
      expect(merged.config.torch_dtype).toBe(dtype === 'F16' ? 'float16' : 'float32');
      const again = await SafetensorsFile.open(await fileOf(merged), 'merged');
      expect(worst(await vectors(merged.config, again), beside)).toBeLessThan(tolerance);
    }
  });

  test('with a scoring head becomes a sequence classifier with one label', async () => {
    const { json, file } = await source('tiny-bert');
    const config = parseBertConfig(json, 'tiny-bert');
    const head = { path: 'classifier', inFeatures: config.hiddenSize, outFeatures: 1 };
    const adapter = randomAdapter(bertModules(config, 'bert.'), config.layers, [head]);
    const merged = mergeBert(file, json, adapter, 'F32');
    expect(merged.config).toMatchObject({ architectures: ['BertForSequenceClassification'], id2label: { 0: 'SCORE' } });
    const again = await SafetensorsFile.open(await fileOf(merged), 'merged');
    expect([...(await again.float32('classifier.weight'))]).toEqual([...adapter.full.get('classifier')!.weight]);
    expect([...again.tensors.keys()].every((name) => /^(bert\.|classifier\.)/.test(name))).toBe(true);
    expect(worst(await vectors(json, again), await vectors(json, file))).toBeGreaterThan(0.01);

    const roberta = await source('tiny-roberta');
    expect(() => mergeBert(roberta.file, roberta.json, adapter, 'F32')).toThrow('classifier');
  });
});
