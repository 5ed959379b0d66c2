import 'fake-indexeddb/auto';
import { liveQuery } from 'dexie';
import { expect, it, onTestFinished } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import { trainingJobId, TrainingJobs, type TrainingWork } from '../../../src/jobs/training-jobs.ts';
import type { AttuneDatabase } from '../../../src/storage/database.ts';
import type { JobRow, RunRow } from '../../../src/storage/schema.ts';
import { request, setUpTraining } from '../../support/training-service.ts';

/** Resolves when a look at the database finds something; every write looks again. */
function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  return new Promise((resolve, reject) => {
    const subscription = liveQuery(look).subscribe({
      next: (found) => {
        if (found === undefined || found === false) return;
        resolve(found);
        queueMicrotask(() => subscription.unsubscribe());
      },
      error: reject,
    });
  });
}

const jobAt = (db: AttuneDatabase, runId: string, state: JobRow['state']) =>
  until(async () => {
    const row = await db.jobs.get(trainingJobId({ runId }));
    return row?.state === state && row;
  });
const runAt = (db: AttuneDatabase, runId: string, state: RunRow['state']) =>
  until(async () => {
    const row = await db.runs.get(runId);
    return row?.state === state && row;
  });

/** A tab that owns the workspace. */
function owner(db: AttuneDatabase, training: TrainingWork): TrainingJobs {
  const jobs = new TrainingJobs('w', training, db);
  onTestFinished(() => jobs.leave());
  jobs.follow();
  return jobs;
}

it('a run that was begun is trained to its end, and its row says so', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const runId = await training.create(request);
  await owner(db, training).begin({ runId }, 'Tuning');
  const job = await jobAt(db, runId, 'done');
  expect(job).toMatchObject({ kind: 'train', title: 'Tuning', done: 20, total: 20, unit: 'steps' });
  expect((await db.runs.get(runId))!.state).toBe('done');
});

it('a row that somebody pauses stops the run, and one that is continued lets it go on', async () => {
  const { db, start } = await setUpTraining();
  let runId = '';
  let pausing: Promise<unknown> | undefined;
  const training = start({
    onStep: (step) => {
      if (step === 5) pausing ??= Promise.resolve(db.jobs.update(trainingJobId({ runId }), { state: 'paused' }));
    },
    breathe: true,
  });
  runId = await training.create(request);
  await owner(db, training).begin({ runId }, 'Tuning');
  const paused = await runAt(db, runId, 'paused');
  await pausing;
  expect(paused.step).toBeGreaterThanOrEqual(4);
  expect(paused.step).toBeLessThan(20);
  await db.jobs.update(trainingJobId({ runId }), { state: 'running' });
  await jobAt(db, runId, 'done');
  expect(await db.runs.get(runId)).toMatchObject({ state: 'done', step: 20 });
});

it('a failure ends job and run with the problem, and a new start goes on', async () => {
  const { db, start } = await setUpTraining();
  const lost = new AttuneError('engine/device-lost', 'The graphics card was reset.', 'Go on from the last checkpoint.');
  const first = start({ failing: { step: 11, error: lost } });
  const runId = await first.create(request);
  const tab = owner(db, first);
  await tab.begin({ runId }, 'Tuning');
  expect((await jobAt(db, runId, 'failed')).problem).toMatchObject({ code: 'engine/device-lost' });
  expect(await db.runs.get(runId)).toMatchObject({ state: 'failed', step: 8 });
  await tab.leave();
  await owner(db, start()).begin({ runId }, 'Tuning');
  await jobAt(db, runId, 'done');
});

it('a worker that dies without a word leaves no run that looks alive', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const runId = await training.create(request);
  const stopped = new AttuneError('worker/stopped', 'The training worker stopped.', 'Try again.');
  const dying: TrainingWork = {
    proceed: async (id) => {
      await db.runs.update(id, { state: 'running' });
      throw stopped;
    },
    proceedSweep: () => Promise.reject(stopped),
    stop: async () => undefined,
  };
  await owner(db, dying).begin({ runId }, 'Tuning');
  await jobAt(db, runId, 'failed');
  expect(await db.runs.get(runId)).toMatchObject({ state: 'failed', problem: { code: 'worker/stopped' } });
});

it('what a closed tab left running is taken up by the next owner, one run after the other', async () => {
  const { db, start } = await setUpTraining();
  const closed = start();
  const runIds = [await closed.create(request), await closed.create({ ...request, seed: 6 })];
  // Nobody follows yet: the rows are all that is left of the tab.
  const gone = new TrainingJobs('w', closed, db);
  for (const runId of runIds) await gone.begin({ runId }, 'Tuning');
  let running = 0;
  let most = 0;
  const training = start();
  const counted: TrainingWork = {
    proceed: async (...call) => {
      most = Math.max(most, ++running);
      await training.proceed(...call).finally(() => running--);
    },
    proceedSweep: (...call) => training.proceedSweep(...call),
    stop: (...call) => training.stop(...call),
  };
  owner(db, counted);
  for (const runId of runIds) await jobAt(db, runId, 'done');
  expect(most).toBe(1);
});

it('a run that waits for its turn is cancelled without ever starting', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const runId = await training.create(request);
  const before = new TrainingJobs('w', training, db);
  await before.begin({ runId }, 'Tuning');
  await db.jobs.update(trainingJobId({ runId }), { state: 'cancelled' });
  owner(db, training);
  expect(await runAt(db, runId, 'cancelled')).toMatchObject({ step: 0 });
});

it('a run that is paused on a node is cancelled there too', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const runId = await training.create({ ...request, node: { nodeId: 'n', name: 'gpu.lan' } });
  const id = trainingJobId({ runId }, 'node');
  const toldNode = new Promise<string>((resolve) => {
    const work: TrainingWork = {
      proceed: async () => void (await db.runs.update(runId, { state: 'paused' })),
      proceedSweep: async () => undefined,
      stop: async (stopped, how) => resolve(`${how} ${stopped}`),
    };
    const jobs = new TrainingJobs('w', work, db, 'node');
    onTestFinished(() => jobs.leave());
    jobs.follow();
    void jobs.begin({ runId }, 'Tuning');
  });
  await runAt(db, runId, 'paused');
  await db.jobs.update(id, { state: 'paused' });
  await db.jobs.update(id, { state: 'cancelled' });
  expect(await toldNode).toBe(`cancel ${runId}`);
});

it('a run that goes on on a node is told to pause also while another one is followed', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const node = { nodeId: 'n', name: 'gpu.lan' };
  const [followed, other] = [await training.create({ ...request, node }), await training.create({ ...request, node })];
  // A tab that was closed had followed it; the node did not notice.
  await db.runs.update(other, { state: 'running' });
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const told = new Promise<string>((resolve) => {
    const work: TrainingWork = {
      proceed: () => held,
      proceedSweep: async () => undefined,
      stop: async (runId, how) => resolve(`${how} ${runId}`),
    };
    const jobs = new TrainingJobs('w', work, db, 'node');
    onTestFinished(() => {
      letGo();
      return jobs.leave();
    });
    void jobs
      .begin({ runId: followed }, 'Followed')
      .then(() => jobs.begin({ runId: other }, 'Other'))
      .then(() => db.jobs.update(trainingJobId({ runId: other }, 'node'), { state: 'paused' }))
      .then(() => jobs.follow());
  });
  expect(await told).toBe(`pause ${other}`);
});

it('all runs for nodes are handed on at once: nodes have queues of their own', async () => {
  const { db, start } = await setUpTraining();
  const training = start();
  const node = { nodeId: 'n', name: 'gpu.lan' };
  const runIds = [await training.create({ ...request, node }), await training.create({ ...request, node })];
  const begun = new Set<string>();
  let letGo = () => {};
  const both = new Promise<void>((resolve) => (letGo = resolve));
  const work: TrainingWork = {
    proceed: (runId) => {
      if (begun.add(runId).size === 2) letGo();
      return both;
    },
    proceedSweep: async () => undefined,
    stop: async () => undefined,
  };
  const jobs = new TrainingJobs('w', work, db, 'node');
  onTestFinished(() => jobs.leave());
  jobs.follow();
  for (const runId of runIds) await jobs.begin({ runId }, 'Tuning');
  await both;
  expect([...begun].sort()).toEqual(runIds.sort());
});
