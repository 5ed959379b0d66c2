import { expect, it, onTestFinished, vi } from 'vitest';
import { residentNode } from '../../../src/engine/resident/node.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { embeddingSeconds } from '../../../src/training/tasks/embedding-time.ts';
import { prepareEmbedder } from '../../../src/training/tasks/embedder.ts';
import { prepareLinear } from '../../../src/training/tasks/linear.ts';
import { prepareReranker } from '../../../src/training/tasks/reranker.ts';
import type { PreparedTask, TaskInput } from '../../../src/training/tasks/task.ts';
import { PLAIN_TEXTS } from '../../../src/training/tasks/text-form.ts';

const THINGS = ['fox', 'whale', 'owl', 'river', 'hammer', 'bread'];
const examples = THINGS.map((thing, i): ExampleRow => ({
  ...{ id: `${i}`, workspaceId: 'w', datasetId: 'd', ordinal: i, headings: [], negatives: [], documentKey: `${i}` },
  split: i < 4 ? 'train' : 'validation',
  question: `Where is the ${thing}?`,
  answer: 'Here.',
  passage: `The ${thing} is here.`,
}));
const library = Array.from({ length: 60 }, (_, i) => ({ text: `Note ${i}.`, headings: [], documentKey: `note ${i}` }));

it.each<[string, (input: TaskInput) => Promise<PreparedTask>, Record<string, unknown>]>([
  ['mines', prepareEmbedder, { hardNegatives: 2, negativesFrom: 'workspace' }],
  ['searches for a ranking model', prepareReranker, { hardNegatives: 2, negativesFrom: 'workspace', candidates: 3 }],
  ['needs for a linear map', prepareLinear, { hardNegatives: 2, negativesFrom: 'workspace' }],
])(
  'an estimate counts every text that a run %s before its first step, and embeds few',
  async (_, prepare, settings) => {
    const files = await starterModelFiles('all-MiniLM-L6-v2');
    const prepared = async (probing: boolean) => {
      const { runtime, embedded } = countingRuntime();
      const workspacePassages = async () => library;
      const task = await prepare({ files, runtime, settings, seed: 1, examples, workspacePassages, probing });
      await task.dispose();
      return { task, embedded: embedded() };
    };
    const run = await prepared(false);
    const probe = await prepared(true);
    expect(run.embedded).toBeGreaterThan(library.length);
    expect(probe.task.secondsBefore).toBeCloseTo(run.embedded, 6);
    expect(probe.embedded).toBeLessThanOrEqual(64);
    expect(run.task.secondsBefore).toBeUndefined();
  },
);

it('mining nothing takes no time', async () => {
  const { runtime } = countingRuntime();
  const files = await starterModelFiles('all-MiniLM-L6-v2');
  const task = await prepareEmbedder({ files, runtime, settings: {}, seed: 1, examples, probing: true });
  await task.dispose();
  expect(task.secondsBefore).toBe(0);
});

it('texts of both kinds count as often as they are there, and compiling does not', async () => {
  const clock = testClock();
  let calls = 0;
  const texts = {
    questions: Array.from({ length: 500 }, (_, i) => `${i}?`),
    passages: Array.from({ length: 1500 }, (_, i) => ({ headings: [], text: `${i}` })),
  };
  const seconds = await embeddingSeconds(texts, PLAIN_TEXTS, async (part, _, kind) => {
    clock.seconds += part.length * (kind === 'query' ? 1 : 4);
    if (++calls <= 2) clock.seconds += 1000;
    return new Float32Array();
  });
  expect(seconds).toBeCloseTo(500 + 4 * 1500, 6);
  expect(await embeddingSeconds({ questions: [], passages: [] }, PLAIN_TEXTS, async () => new Float32Array())).toBe(0);
});

/** A runtime on which a text takes a second, whatever else is done none. */
function countingRuntime(): { runtime: ResidentRuntime; embedded: () => number } {
  const clock = testClock();
  const runtime = residentNode(1);
  const createSession: ResidentRuntime['createSession'] = async (model, readers, name, options) => {
    const session = await runtime.createSession(model, readers, name, options);
    return {
      run: (inputs, outputs) => {
        clock.seconds += outputs.get('pooled')?.shape[0] ?? 0;
        return session.run(inputs, outputs);
      },
      dispose: () => session.dispose(),
    };
  };
  const counting = Object.create(runtime, { createSession: { value: createSession } }) as ResidentRuntime;
  return { runtime: counting, embedded: () => clock.seconds };
}

/** Time that passes only where a test says so. */
function testClock(): { seconds: number } {
  const clock = { seconds: 0 };
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock.seconds * 1000);
  onTestFinished(() => now.mockRestore());
  return clock;
}
