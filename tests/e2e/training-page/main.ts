import { liveQuery } from 'dexie';
import { TrainingJobs } from '../../../src/jobs/training-jobs.ts';
import { database } from '../../../src/storage/database.ts';
import type { ExampleRow, RunRow } from '../../../src/storage/schema.ts';
import { training } from '../../../src/training/client.ts';

const workspaceId = 'crash-test';
const datasetId = 'questions';

/** Small enough for a step in a blink, and long enough to be killed in. */
const settings = {
  rank: 2,
  targets: 'query-value',
  steps: 9,
  batchSize: 2,
  maxTokens: 16,
  dropout: 0.1,
  hardNegatives: 1,
  validateEvery: 3,
  patience: 0,
  validationLimit: 5,
  validationPool: 20,
  checkpointEvery: 2,
};

const jobs = new TrainingJobs(workspaceId, training, database());

/** What the test calls from outside; worker, client, jobs, database and model are those of the app. */
const page = {
  /** Makes a data set and starts a run on it, once; what was begun goes on as in the app: by following the rows. */
  async open(): Promise<void> {
    const db = database();
    if ((await db.runs.count()) === 0) {
      await writeDataset();
      const modelId = 'all-MiniLM-L6-v2';
      const runId = await training.create({ workspaceId, task: 'embedder', modelId, datasetId, settings, seed: 3 });
      await jobs.begin({ runId }, 'Tuning');
    }
    jobs.follow();
  },

  /** Resolves when the run's curve has reached a step, or the run has ended. */
  async untilStep(step: number): Promise<RunRow['state']> {
    const run = await until(async () => {
      const [row] = await database().runs.toArray();
      const last = await database().runPoints.orderBy('[runId+step+kind]').last();
      return row && (isOver(row) || (last && last.step >= step)) ? row : undefined;
    });
    return run.state;
  },

  /** All that a run leaves, without times. */
  async snapshot() {
    const db = database();
    const [run] = await db.runs.toArray();
    const [adapter] = await db.adapters.toArray();
    const points = await db.runPoints.toArray();
    return {
      run: run && {
        state: run.state,
        step: run.step,
        best: run.best,
        baseScore: run.baseScore,
        ended: run.ended,
        problem: run.problem,
      },
      /** SHA-256 of the trained weights. */
      weights: adapter?.sha256,
      adapters: await db.adapters.count(),
      curve: points.map(({ step, kind, loss, gradientNorm, score }) => ({ step, kind, loss, gradientNorm, score })),
    };
  },
};

function isOver({ state }: RunRow): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  return new Promise((resolve, reject) => {
    const subscription = liveQuery(look).subscribe({
      next: (found) => {
        if (found === undefined) return;
        resolve(found);
        queueMicrotask(() => subscription.unsubscribe());
      },
      error: reject,
    });
  });
}

async function writeDataset(): Promise<void> {
  const things = ['lamp', 'boat', 'wolf', 'bridge', 'violin', 'cheese', 'engine', 'garden', 'mirror', 'planet'];
  const rows = things.flatMap((thing, i): ExampleRow[] =>
    ['colour', 'owner'].map((what, j) => ({
      id: `${thing}-${what}`,
      datasetId,
      workspaceId,
      ordinal: 2 * i + j,
      split: i < 7 ? 'train' : i < 9 ? 'validation' : 'test',
      question: `What is the ${what} of the ${thing}?`,
      answer: `${what} ${i}`,
      passage: `The ${what} of the ${thing} is known to be number ${i}.`,
      headings: [],
      documentKey: thing,
      negatives: [],
    })),
  );
  const now = Date.now();
  const counts = { train: 14, validation: 4, test: 2 };
  await database().datasets.put({
    id: datasetId,
    workspaceId,
    name: 'Things',
    source: 'test',
    hash: 'things',
    counts,
    createdAt: now,
    updatedAt: now,
  });
  await database().examples.bulkPut(rows);
}

declare global {
  interface Window {
    trainingPage: typeof page;
  }
}
window.trainingPage = page;
