import { openAsBlob, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { adaptedGroups, type LlamaAdapter } from '../../../../src/engine/models/llama/adapter.ts';
import { LLAMA_LINEARS, type LlamaLinear } from '../../../../src/engine/models/llama/linears.ts';
import { LlamaDecoder } from '../../../../src/engine/models/llama/decoder.ts';
import { StoredMatrix } from '../../../../src/engine/models/llama/matrix.ts';
import { loadLlamaFolder, loadLlamaGguf, type LoadedLlama } from '../../../../src/engine/models/llama/weights.ts';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { llamaDecoderSuite } from '../../../support/engine-suites/llama-decoder.ts';

const ROOT = 'tests/fixtures/llama/tiny';
const runtime = residentNode(1);

interface Golden {
  ids: number[];
  logits: number[];
  argmax: number[];
}

async function load(name: string): Promise<LoadedLlama> {
  const files = readdirSync(`${ROOT}/${name}`);
  if (files.includes('model.gguf')) return loadLlamaGguf(await openAsBlob(`${ROOT}/${name}/model.gguf`), 'model.gguf');
  const shards = new Map<string, Blob>();
  for (const file of files.filter((f) => f.endsWith('.safetensors')))
    shards.set(file, await openAsBlob(`${ROOT}/${name}/${file}`));
  return loadLlamaFolder(JSON.parse(readFileSync(`${ROOT}/${name}/config.json`, 'utf8')), shards);
}

const goldenOf = (name: string) => JSON.parse(readFileSync(`${ROOT}/${name}/golden.json`, 'utf8')) as Golden;
const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);

// Logits of these models are a few units large and go through two blocks of sums of at most 64 float32 products: 2e-5
// leaves a factor of ten over the rounding that was seen.
const TOLERANCE = 2e-5;

const models = readdirSync(ROOT);

test('every architecture and tensor type has a tiny model', () => {
  expect(models).toHaveLength(10);
});

llamaDecoderSuite(
  () => Promise.resolve(runtime),
  (path) => Promise.resolve(new Uint8Array(readFileSync(`tests/fixtures/${path}`))),
  load,
  models,
  [
    ['float32', 'fused'],
    ['blocks', 'fused'],
    ['float32', 'branched'],
  ],
  TOLERANCE,
);

describe('low-rank adapters', () => {
  const name = 'qwen3-f16';

  test('as inputs give what the same update merged into the weights gives', async () => {
    const { ids, logits: baseLogits } = goldenOf(name);
    const loaded = await load(name);
    const adapter = randomAdapter(loaded);
    const decoder = await LlamaDecoder.create(loaded, runtime, { layout: 'float32' });
    decoder.setAdapter(adapter);
    const adapted = await decoder.append(ids);
    const merged = await LlamaDecoder.create(merge(loaded, adapter), runtime, { layout: 'float32' });
    expect(worst(adapted, await merged.append(ids))).toBeLessThan(TOLERANCE);
    expect(worst(adapted, baseLogits)).toBeGreaterThan(0.05);

    decoder.setAdapter(null);
    expect(decoder.length).toBe(0);
    expect(worst(await decoder.append(ids), baseLogits)).toBeLessThan(TOLERANCE);
    await Promise.all([decoder.dispose(), merged.dispose()]);
  });

  test('stay in memory: switching back and forth makes no tensors, and releasing frees them', async () => {
    const counted = residentNode(1);
    const makes = vi.spyOn(counted, 'tensor');
    const alive = () => counted.usage.tensors;
    const loaded = await load(name);
    const decoder = await LlamaDecoder.create(loaded, counted, { layout: 'float32' });
    const [first, second] = [randomAdapter(loaded), { ...randomAdapter(loaded), scale: 2 }];
    const base = alive();
    const bytes = decoder.memoryBytes;
    for (const adapter of [first, second]) decoder.setAdapter(adapter);
    const [held, made] = [alive(), makes.mock.calls.length];
    expect(decoder.memoryBytes).toBeGreaterThan(bytes);
    for (const adapter of [null, first, second, first]) decoder.setAdapter(adapter);
    expect(makes.mock.calls.length).toBe(made);
    expect(alive()).toBe(held);
    decoder.releaseAdapter(first);
    expect(decoder.adapter).toBeNull();
    decoder.releaseAdapter(second);
    expect(alive()).toBe(base);
    expect(decoder.memoryBytes).toBe(bytes);
    await decoder.dispose();
    expect(alive()).toBe(0);
  });
});

test('a prompt longer than one run and than the first cache gives the logits of token-by-token decoding', async () => {
  const decoder = await LlamaDecoder.create(await load('llama-q4_0'), runtime, { layout: 'float32' });
  const ids = Array.from({ length: 511 }, (_, i) => (i * 31) % 64);
  const long = await decoder.append(ids);
  decoder.truncate(0);
  let last = new Float32Array();
  for (const id of ids) last = await decoder.append([id]);
  expect(worst(last, long)).toBeLessThan(TOLERANCE);
  await expect(decoder.append([1, 2])).rejects.toThrow(RangeError);
  await decoder.dispose();
});

/** Ranks that differ from layer to layer, and layers without an update. */
function randomAdapter({ config }: LoadedLlama): LlamaAdapter {
  let state = 12345;
  const random = () => ((state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff - 0.5) * 0.4;
  const layers = Array.from({ length: config.layers }, (_, layer) =>
    Object.fromEntries(
      adaptedGroups(config, layer).flatMap(({ inFeatures, parts }) =>
        parts.flatMap(({ linear, outFeatures }, p) => {
          if (layer === 1 && linear === 'k_proj') return [];
          const rank = 2 + p + layer;
          const a = Float32Array.from({ length: rank * inFeatures }, random);
          return [[linear, { rank, a, b: Float32Array.from({ length: outFeatures * rank }, random) }]];
        }),
      ),
    ),
  );
  return { name: 'test', scale: 0.5, layers };
}

function merge(loaded: LoadedLlama, adapter: LlamaAdapter): LoadedLlama {
  const fields: Record<LlamaLinear, 'query' | 'key' | 'value' | 'attentionOutput' | 'gate' | 'up' | 'down'> = {
    q_proj: 'query',
    k_proj: 'key',
    v_proj: 'value',
    o_proj: 'attentionOutput',
    gate_proj: 'gate',
    up_proj: 'up',
    down_proj: 'down',
  };
  const layers = loaded.weights.layers.map((layer, i) => {
    const changed = { ...layer };
    for (const linear of LLAMA_LINEARS) {
      const pair = adapter.layers[i]?.[linear];
      if (!pair) continue;
      const stored = layer[fields[linear]];
      const w = Float64Array.from(stored.toFloat32());
      for (let row = 0; row < stored.rows; row++) {
        for (let column = 0; column < stored.columns; column++) {
          for (let r = 0; r < pair.rank; r++) {
            w[row * stored.columns + column]! +=
              adapter.scale * pair.b[row * pair.rank + r]! * pair.a[r * stored.columns + column]!;
          }
        }
      }
      changed[fields[linear]] = new StoredMatrix(
        'F32',
        stored.rows,
        stored.columns,
        new Uint8Array(Float32Array.from(w).buffer),
      );
    }
    return changed;
  });
  return { config: loaded.config, weights: { ...loaded.weights, layers } };
}
