import { openAsBlob } from 'node:fs';
import { expect, test } from 'vitest';
import { loraScale, type LoraSettings } from '../../../../src/engine/adapters/lora-adapter.ts';
import { writeGgufLora } from '../../../../src/engine/adapters/write-gguf-lora.ts';
import { decodeGgml } from '../../../../src/engine/formats/ggml-blocks.ts';
import { readGguf } from '../../../../src/engine/formats/gguf.ts';
import { halfRotationOrder } from '../../../../src/engine/models/llama/matrix.ts';
import { llamaModules } from '../../../../src/engine/models/llama/lora.ts';
import { loadLlamaGguf } from '../../../../src/engine/models/llama/weights.ts';
import { createLoraParameters } from '../../../../src/engine/training/lora-parameters.ts';

const SETTINGS: LoraSettings = {
  rank: 4,
  alpha: 6,
  rankStabilised: true,
  dropout: 0,
  targets: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'mlp.down_proj'],
};
const options = { architecture: 'llama', name: 'test', dtype: 'F32' } as const;

/** scale·B·A as llama.cpp computes it from the file. */
async function updates(blob: Blob): Promise<Map<string, { rows: number; columns: number; delta: number[] }>> {
  const { metadata, tensors } = await readGguf(blob, 'adapter.gguf');
  const read = async (name: string) => {
    const { start, end, type, shape } = tensors.get(name)!;
    const numbers = decodeGgml(type, new Uint8Array(await blob.slice(start, end).arrayBuffer()));
    return { numbers, shape };
  };
  const found = new Map<string, { rows: number; columns: number; delta: number[] }>();
  for (const name of tensors.keys()) {
    if (!name.endsWith('.lora_a')) continue;
    const base = name.slice(0, -'.lora_a'.length);
    const { numbers: a, shape } = await read(name);
    const { numbers: b, shape: shapeB } = await read(`${base}.lora_b`);
    const [rank, columns] = shape as [number, number];
    const [rows, rankB] = shapeB as [number, number];
    expect(rankB).toBe(rank);
    const scale = (metadata['adapter.lora.alpha'] as number) / rank;
    const delta = Array.from({ length: rows * columns }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += b[Math.floor(at / columns) * rank + k]! * a[k * columns + (at % columns)]!;
      return scale * sum;
    });
    found.set(base, { rows, columns, delta });
  }
  return found;
}

test('the file holds the same updates under llama.cpp’s names, queries and keys in its order of rows', async () => {
  const { config, file } = await loadLlamaGguf(await openAsBlob('tests/fixtures/llama/tiny/llama-f16/model.gguf'), 'm');
  const { adapter, parameters } = createLoraParameters(llamaModules(config), SETTINGS, 1);
  parameters.forEach(({ data }, p) => data.forEach((_, i) => (data[i] = Math.sin(i + 3 * p))));
  // A pair of its own rank: half of an ordinary one.
  const odd = 'model.layers.1.mlp.down_proj';
  const pair = adapter.pairs.get(odd)!;
  const a = pair.a.slice(0, 2 * pair.inFeatures);
  const b = Float32Array.from({ length: 2 * pair.outFeatures }, (_, i) => Math.cos(i));
  const pairs = new Map(adapter.pairs).set(odd, { ...pair, rank: 2, a, b });
  const blob = writeGgufLora({ ...adapter, pairs }, { ...options, headSize: config.headSize });

  const { metadata } = await readGguf(blob, 'adapter.gguf');
  expect(metadata).toMatchObject({
    'general.type': 'adapter',
    'general.architecture': 'llama',
    'adapter.type': 'lora',
    'adapter.lora.alpha': 12,
  });
  const written = await updates(blob);
  expect(written.size).toBe(pairs.size);
  const names: Record<string, string> = { q_proj: 'attn_q', k_proj: 'attn_k', v_proj: 'attn_v', down_proj: 'ffn_down' };
  for (const [path, { rank, inFeatures, outFeatures, a, b }] of pairs) {
    const [, block, linear] = /layers\.(\d+)\.\w+\.(\w+)/.exec(path)!;
    const name = `blk.${block}.${names[linear!]}.weight`;
    const { rows, columns, delta } = written.get(name)!;
    // llama.cpp refuses an adapter whose sizes differ from the base tensor's.
    expect([rows, columns]).toEqual(file.tensors.get(name)!.shape);
    // The loader's order brings the rows of a base matrix from llama.cpp's to Hugging Face's order.
    const rotated = linear === 'q_proj' || linear === 'k_proj';
    const order = rotated ? halfRotationOrder(rows, config.headSize) : Uint32Array.from({ length: rows }, (_, i) => i);
    for (let row = 0; row < outFeatures; row++) {
      for (let column = 0; column < inFeatures; column++) {
        let expected = 0;
        for (let k = 0; k < rank; k++) expected += b[row * rank + k]! * a[k * inFeatures + column]!;
        expected *= loraScale(SETTINGS);
        expect(Math.abs(delta[order[row]! * columns + column]! - expected)).toBeLessThan(1e-5);
      }
    }
  }
});

test('half precision halves the file', async () => {
  const modules = [{ path: 'model.layers.0.self_attn.q_proj', inFeatures: 512, outFeatures: 512 }];
  const { adapter, parameters } = createLoraParameters(modules, { ...SETTINGS, targets: ['self_attn.q_proj'] }, 1);
  parameters.forEach(({ data }) => data.forEach((_, i) => (data[i] = Math.sin(i))));
  const full = writeGgufLora(adapter, { ...options, headSize: 64 });
  const half = writeGgufLora(adapter, { ...options, headSize: 64, dtype: 'F16' });
  expect(full.size - half.size).toBe(2 * 2 * 4 * 512);
  const [one, two] = await Promise.all([updates(full), updates(half)]);
  const [exact, rounded] = [one, two].map((file) => file.get('blk.0.attn_q.weight')!.delta) as [number[], number[]];
  // Each factor is off by at most 2^-11 of itself: over four products of at most 1, times the scale of 3.
  const worst = exact.reduce((max, value, i) => Math.max(max, Math.abs(value - rounded[i]!)), 0);
  expect(worst).toBeLessThan(4 * 3 * 2 ** -10);
  expect(worst).toBeGreaterThan(0);
});

test('what llama.cpp has no place for is refused by name', () => {
  const classifier = { path: 'classifier', inFeatures: 8, outFeatures: 1 };
  const modules = [{ path: 'encoder.layer.0.output.dense', inFeatures: 8, outFeatures: 8 }];
  const settings = { ...SETTINGS, targets: ['output.dense'] };
  const bert = { ...options, architecture: 'bert' as const, headSize: 4 };
  const head = createLoraParameters(modules, settings, 1, [classifier]).adapter;
  expect(() => writeGgufLora(head, bert)).toThrow('classifier');
  const odd = createLoraParameters([{ ...modules[0]!, path: 'lm_head' }], { ...settings, targets: ['lm_head'] }, 1);
  expect(() => writeGgufLora(odd.adapter, bert)).toThrow('lm_head');
});
