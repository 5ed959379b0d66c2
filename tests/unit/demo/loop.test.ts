import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test } from 'vitest';
import type { DemoOptions } from '../../../src/demo/contract.ts';
import { runDemo } from '../../../src/demo/loop.ts';
import type { DemoServices } from '../../../src/demo/services.ts';
import { newDemo, readDemo } from '../../../src/demo/state.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';

const WORKSPACE = 'w';
const OPTIONS: DemoOptions = {
  tune: ['embedder'],
  minutes: 1,
  seed: 7,
  datasetId: 'set',
  passages: 5,
  questions: 20,
  answers: 0,
};

/** Stands for the app: every job is done as soon as it is begun, and what was asked for is remembered. */
class DoneAtOnce {
  readonly db = new AttuneDatabase(crypto.randomUUID());
  readonly asked: string[] = [];
  trained: Record<string, unknown>[] = [];
  /** Names of configurations. */
  readonly measured: string[] = [];
  /** Questions in use after the check. */
  left = { train: 3, validation: 1, test: 1 };
  runState: 'done' | 'failed' | 'running' = 'done';

  readonly services: DemoServices = {
    db: this.db,
    addSamples: async () => {
      this.asked.push('samples');
      await this.readDocuments();
    },
    sampleQuestions: () => Promise.reject(new Error('not in this build')),
    importDataset: () => Promise.reject(new Error('nothing to import')),
    generate: async () => {
      this.asked.push('generate');
      await this.db.generations.put({ id: 'g', state: 'done', kept: 9, datasetId: 'written' } as never);
      return 'g';
    },
    check: async (_, datasetId) => {
      this.asked.push(`check ${datasetId}`);
      const found = { passed: 0, failed: 0, unknown: 0 };
      return {
        rules: { roundTrip: { ...found, removed: 4 }, leakage: { ...found, removed: 0 } },
        counts: this.left,
        seconds: 0,
      };
    },
    train: async (request) => {
      this.asked.push('train');
      this.trained.push(request.settings);
      const problem = { code: 'engine/out-of-memory', message: 'The memory is full.', wayOut: 'Make batches smaller.' };
      const failed = this.runState === 'failed' && { problem };
      await this.db.runs.put({ id: 'r', state: this.runState, adapterId: 'a', ...failed } as never);
      return 'r';
    },
    evaluate: async ({ configurations, split, datasetId }) => {
      this.measured.push(...configurations.map(({ name }) => name));
      this.asked.push(`evaluate ${configurations.length} on ${split} of ${datasetId}`);
      await this.db.evaluations.put({ id: 'e', state: 'done' } as never);
      return 'e';
    },
    estimate: () => Promise.resolve({ secondsPerStep: 2, secondsBefore: 10, steps: 500 } as never),
    models: () =>
      Promise.resolve([
        { id: 'search', role: 'embedder', format: 'safetensors' },
        { id: 'answers', role: 'generator', format: 'gguf' },
      ] as never),
    adapters: () => Promise.resolve([]),
  };

  async readDocuments(): Promise<void> {
    await this.db.documents.put({ id: 'd', workspaceId: WORKSPACE } as never);
    await this.db.chunks.put({ id: 'c', workspaceId: WORKSPACE } as never);
    for (const kind of ['ingest', 'embed']) {
      await this.db.jobs.put({ id: `${kind}:${WORKSPACE}`, workspaceId: WORKSPACE, kind, state: 'done' } as never);
    }
  }
}

const apps: DoneAtOnce[] = [];
function app(): DoneAtOnce {
  const made = new DoneAtOnce();
  apps.push(made);
  return made;
}
afterEach(async () => {
  for (const { db } of apps.splice(0)) await db.delete();
});
const never = new AbortController().signal;

describe('the demonstration', () => {
  test('adds the samples to an empty workspace, writes questions, tunes and measures what no training saw', async () => {
    const { services, asked } = app();
    const { datasetId: _, ...options } = OPTIONS;
    const demo = await runDemo(newDemo(WORKSPACE, options), services, never);
    expect(asked).toEqual(['samples', 'generate', 'check written', 'train', 'evaluate 2 on test of written']);
    expect(demo).toMatchObject({ state: 'done', runs: { embedder: 'r' }, searchEvaluationId: 'e' });
    expect(demo.checked).toEqual({ kept: 5, removed: { roundTrip: 4 } });
    expect(await readDemo(services.db, WORKSPACE)).toEqual(demo);
  });

  test('ends where the quality rules leave none of the questions that were written', async () => {
    const empty = app();
    empty.left = { train: 0, validation: 0, test: 0 };
    const { datasetId: _, ...options } = OPTIONS;
    const demo = await runDemo(newDemo(WORKSPACE, options), empty.services, never);
    expect(demo).toMatchObject({ state: 'failed', stage: 'questions', problem: { code: 'demo/no-questions' } });
    expect(empty.asked).not.toContain('train');
  });

  test('gives a run as many steps as fit into its share of the minutes beside what comes before the first', async () => {
    const { services, trained } = app();
    await runDemo(newDemo(WORKSPACE, { ...OPTIONS, tune: ['embedder', 'reranker'], minutes: 2 }), services, never);
    expect(trained.map(({ steps }) => steps)).toEqual([25, 25]);
  });

  test('goes on after a reload without beginning anything twice', async () => {
    const stopped = new AbortController();
    const first = app();
    first.runState = 'running';
    const waiting = runDemo(newDemo(WORKSPACE, OPTIONS), first.services, stopped.signal);
    await expect.poll(() => first.asked).toContain('train');
    await expect.poll(async () => (await readDemo(first.db, WORKSPACE))?.runs.embedder).toBe('r');
    stopped.abort(new DOMException('stopped', 'AbortError'));
    expect((await waiting).state).toBe('stopped');

    await first.db.runs.update('r', { state: 'done' });
    const demo = await runDemo((await readDemo(first.db, WORKSPACE))!, first.services, never);
    expect(demo.state).toBe('done');
    expect(first.asked.filter((call) => call === 'train')).toHaveLength(1);
    expect(first.asked.filter((call) => call === 'samples')).toHaveLength(1);
  });

  test('says what went wrong in the step that failed, and tries just that again', async () => {
    const broken = app();
    broken.runState = 'failed';
    const failed = await runDemo(newDemo(WORKSPACE, OPTIONS), broken.services, never);
    expect(failed).toMatchObject({ state: 'failed', stage: 'tuning', problem: { code: 'engine/out-of-memory' } });

    broken.runState = 'done';
    expect((await runDemo(failed, broken.services, never)).state).toBe('done');
    expect(broken.asked.filter((call) => call === 'train')).toHaveLength(2);
    expect(broken.asked.filter((call) => call === 'samples')).toHaveLength(1);
  });

  test('takes documents as they are where the jobs that read them are long gone, as in an imported workspace', async () => {
    const imported = app();
    await imported.readDocuments();
    await imported.db.jobs.clear();
    const demo = await runDemo(newDemo(WORKSPACE, OPTIONS), imported.services, never);
    expect(demo.state).toBe('done');
    expect(imported.asked).not.toContain('samples');
  });

  test('measures each search alone, with the ranking untuned and tuned, and answers with and without passages', async () => {
    const { services, asked, measured } = app();
    const adapters = { embedder: 'search', reranker: 'ranking', generator: 'answering' };
    await runDemo(newDemo(WORKSPACE, { ...OPTIONS, tune: [], adapters, answers: 4 }), services, never);
    expect(asked.slice(1)).toEqual(['evaluate 6 on test of set', 'evaluate 10 on test of set']);
    expect(measured.slice(0, 6)).toEqual([
      'base search',
      'base search · base ranking',
      'base search · tuned ranking',
      'tuned search',
      'tuned search · base ranking',
      'tuned search · tuned ranking',
    ]);
    expect(measured[6]).toBe('base search · base answers');
    expect(measured.slice(-3)).toEqual([
      'tuned search · tuned ranking · tuned answers',
      'No passages · base answers',
      'No passages · tuned answers',
    ]);
  });

  test('measures adapters that are there already where nothing is tuned', async () => {
    const { services, asked } = app();
    await runDemo(newDemo(WORKSPACE, { ...OPTIONS, tune: [], adapters: { embedder: 'mine' } }), services, never);
    expect(asked).toEqual(['samples', 'evaluate 2 on test of set']);
  });
});
