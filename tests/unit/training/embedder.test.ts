import { expect, it } from 'vitest';
import { residentNode } from '../../../src/engine/resident/node.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { prepareEmbedder } from '../../../src/training/tasks/embedder.ts';

const THINGS = ['fox', 'whale', 'owl', 'river', 'hammer', 'bread'];
const examples = THINGS.map((thing, i): ExampleRow => ({
  ...{ id: `${i}`, workspaceId: 'w', datasetId: 'd', ordinal: i, headings: [], negatives: [], documentKey: `${i}` },
  split: i < 4 ? 'train' : 'validation',
  question: `Where is the ${thing}?`,
  answer: 'Here.',
  passage: `The ${thing} is here.`,
}));

it('in eight bits the weights of a search model take less memory, and the untuned model finds what it found', async () => {
  const prepare = async (weights: 'full' | 'stored') => {
    const runtime = residentNode(1);
    const files = await starterModelFiles('all-MiniLM-L6-v2');
    const task = await prepareEmbedder({ files, runtime, settings: { weights }, seed: 1, examples });
    const { score } = await task.validate();
    const { memoryBytes } = task;
    await task.dispose();
    return { score, memoryBytes };
  };
  const [full, stored] = [await prepare('full'), await prepare('stored')];
  // Of MiniLM's 43 MB in linear layers a quarter stays.
  expect(full.memoryBytes - stored.memoryBytes).toBeGreaterThan(30e6);
  expect(stored.score).toBeCloseTo(full.score, 1);
});

it('a search model that is paused while hard negatives are looked for leaves nothing on the device', async () => {
  const runtime = residentNode(1);
  const controller = new AbortController();
  const preparing = prepareEmbedder({
    files: await starterModelFiles('all-MiniLM-L6-v2'),
    runtime,
    settings: { hardNegatives: 1 },
    seed: 1,
    examples,
    signal: controller.signal,
    onProgress: ({ stage }) => stage === 'Searching the passages' && controller.abort(),
  });
  await expect(preparing).rejects.toMatchObject({ name: 'AbortError' });
  expect(runtime.usage).toEqual({ tensors: 0, tensorBytes: 0, sessions: 0 });
});
