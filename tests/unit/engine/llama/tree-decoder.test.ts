import { openAsBlob, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LlamaDecoder } from '../../../../src/engine/models/llama/decoder.ts';
import { TreeDecoder, type TreeToken } from '../../../../src/engine/models/llama/tree-decoder.ts';
import { loadLlamaFolder, loadLlamaGguf, type LoadedLlama } from '../../../../src/engine/models/llama/weights.ts';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { liveInEveryShortage } from '../../../support/training-suites/scarce.ts';

const ROOT = 'tests/fixtures/llama/tiny';
const TOLERANCE = 2e-5;

async function load(name: string): Promise<LoadedLlama> {
  const files = readdirSync(`${ROOT}/${name}`);
  if (files.includes('model.gguf')) return loadLlamaGguf(await openAsBlob(`${ROOT}/${name}/model.gguf`), 'model.gguf');
  const shards = new Map<string, Blob>();
  for (const file of files.filter((f) => f.endsWith('.safetensors')))
    shards.set(file, await openAsBlob(`${ROOT}/${name}/${file}`));
  return loadLlamaFolder(JSON.parse(readFileSync(`${ROOT}/${name}/config.json`, 'utf8')), shards);
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);

/** A text as a path of the tree. */
const path = (tokens: readonly number[], parent: number, at: number): TreeToken[] =>
  tokens.map((token, i) => ({ token, parent: i === 0 ? parent : at + i - 1 }));

const FIRST = readdirSync(ROOT)[0]!;

describe('where there is no room', () => {
  /** With a context that is longer than the first cache, which then has to grow. */
  const long = async (): Promise<LoadedLlama> => {
    const loaded = await load(FIRST);
    return { ...loaded, config: { ...loaded.config, contextTokens: 1024 } };
  };

  test('nothing of a decoder stays in the runtime, wherever that is noticed', async () => {
    const loaded = await long();
    const shortages = await liveInEveryShortage(residentNode(1), async (runtime) => {
      const decoder = await LlamaDecoder.create(loaded, runtime, { layout: 'float32', kernels: 'branched' });
      try {
        await decoder.append(Array(520).fill(3) as number[]);
      } finally {
        await decoder.dispose();
      }
    });
    expect(shortages).toBeGreaterThan(40);
  });

  test('a sequence that cannot grow is given back as a whole, and can be read again', async () => {
    const loaded = await long();
    const text = Array.from({ length: 600 }, (_, i) => 3 + (i % 7));
    const node = residentNode(1);
    const full = new Error('Full.');
    let valuesLeft = Infinity;
    const runtime = Object.create(node, {
      tensor: {
        value: (...all: Parameters<typeof node.tensor>) => {
          // The cache of a block after its first growth.
          if (all[1][2] === 1024 && valuesLeft-- <= 0) throw full;
          return node.tensor(...all);
        },
      },
    }) as typeof node;
    const options = { layout: 'float32', kernels: 'branched' } as const;
    const decoder = await LlamaDecoder.create(loaded, runtime, options);
    const empty = { ...node.usage };
    await decoder.append(text.slice(0, 500));
    valuesLeft = 3;
    await expect(decoder.append(text.slice(500))).rejects.toBe(full);
    expect(decoder.length).toBe(0);
    expect(node.usage).toEqual(empty);
    valuesLeft = Infinity;
    const fresh = await LlamaDecoder.create(loaded, residentNode(1), options);
    expect(worst(await decoder.append(text), await fresh.append(text))).toBeLessThan(TOLERANCE);
    await Promise.all([decoder.dispose(), fresh.dispose()]);
  });

  test('nothing of a tree of texts stays in the runtime either', async () => {
    const loaded = await long();
    const tokens = path(Array(520).fill(3) as number[], -1, 0);
    const shortages = await liveInEveryShortage(residentNode(1), async (runtime) => {
      const tree = await TreeDecoder.create(loaded, runtime, { layout: 'float32' });
      try {
        await tree.append(tokens, [0]);
      } finally {
        await tree.dispose();
      }
    });
    expect(shortages).toBeGreaterThan(40);
  });
});

describe.each(readdirSync(ROOT))('%s', (name) => {
  test('continues one beginning in several ways as if each were alone', async () => {
    const runtime = residentNode(1);
    const loaded = await load(name);
    const tree = await TreeDecoder.create(loaded, runtime, { layout: 'float32' });
    const { ids } = JSON.parse(readFileSync(`${ROOT}/${name}/golden.json`, 'utf8')) as { ids: number[] };
    const ways = [[5, 9, 2, 7], [5, 3], [11]];
    await tree.append(path(ids, -1, 0), []);

    // All ways in one run, behind one another in the cache.
    const tokens = ways.reduce<TreeToken[]>(
      (all, way) => [...all, ...path(way, ids.length - 1, ids.length + all.length)],
      [],
    );
    const ends = ways.map((_, w) => ways.slice(0, w + 1).flat().length - 1);
    const logits = await tree.append(tokens, ends);
    // And one token more for each, together.
    const more = await tree.append(
      ends.map((end) => ({ token: 6, parent: ids.length + end })),
      ends.map((_, w) => w),
    );

    const alone = await LlamaDecoder.create(loaded, runtime, { layout: 'float32', kernels: 'fused' });
    for (const [w, way] of ways.entries()) {
      alone.truncate(0);
      expect(worst(logits[w]!, await alone.append([...ids, ...way]))).toBeLessThan(TOLERANCE);
      expect(worst(more[w]!, await alone.append([6]))).toBeLessThan(TOLERANCE);
    }

    // Cut back to the beginning, another text is continued as if the first ways had never been.
    tree.truncate(ids.length);
    const [again] = await tree.append(path([11], ids.length - 1, ids.length), [0]);
    expect(worst(again!, logits[2]!)).toBeLessThan(TOLERANCE);
    await Promise.all([tree.dispose(), alone.dispose()]);
    expect(runtime.usage.tensors).toBe(0);
  });
});

test('a tree larger than one run and than the first cache holds what single texts hold', async () => {
  const runtime = residentNode(1);
  const loaded = await load('llama-q4_0');
  const tree = await TreeDecoder.create(loaded, runtime, { layout: 'float32' });
  const alone = await LlamaDecoder.create(loaded, runtime, { layout: 'float32', kernels: 'fused' });
  const ids = Array.from({ length: 300 }, (_, i) => (i * 31) % 64);
  const [first] = await tree.append(path(ids, -1, 0), [299]);
  expect(worst(first!, await alone.append(ids))).toBeLessThan(TOLERANCE);
  // A second text of its own beside the first.
  const [second] = await tree.append(path(ids.slice(0, 200).reverse(), -1, 300), [199]);
  alone.truncate(0);
  expect(worst(second!, await alone.append(ids.slice(0, 200).reverse()))).toBeLessThan(TOLERANCE);
  await expect(tree.append(path(ids, -1, 500), [])).rejects.toThrow(RangeError);
  await Promise.all([tree.dispose(), alone.dispose()]);
});
