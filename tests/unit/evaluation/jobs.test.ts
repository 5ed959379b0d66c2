import 'fake-indexeddb/auto';
import { liveQuery } from 'dexie';
import { expect, it, onTestFinished } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { Evaluation } from '../../../src/evaluation/service.ts';
import { stoppedAs } from '../../../src/evaluation/stopped.ts';
import { RowJobs } from '../../../src/jobs/row-jobs.ts';
import type { AttuneDatabase } from '../../../src/storage/database.ts';
import type { EvaluationRow, JobRow } from '../../../src/storage/schema.ts';
import { of, QUESTIONS, search, setUpLab, tunedWriter, WORKSPACE, writer } from '../../support/evaluation-lab.ts';

const request = { workspaceId: WORKSPACE, datasetId: 'd', configurations: [of(search, null, writer)] };

/** Resolves when the row is in this state; every write looks again. */
function rowAt<Row extends { state: string }>(read: () => Promise<Row | undefined>, state: Row['state']): Promise<Row> {
  return new Promise((resolve, reject) => {
    const subscription = liveQuery(read).subscribe({
      next: (row) => {
        if (row?.state !== state) return;
        resolve(row);
        queueMicrotask(() => subscription.unsubscribe());
      },
      error: reject,
    });
  });
}

function jobAt(db: AttuneDatabase, evaluationId: string, state: JobRow['state']): Promise<JobRow> {
  return rowAt(() => db.jobs.get(`evaluate:${evaluationId}`), state);
}

/** A tab that owns the workspace. */
function owner(db: AttuneDatabase, service: Evaluation): RowJobs {
  const jobs = new RowJobs(
    WORKSPACE,
    {
      kind: 'evaluate',
      unit: 'steps',
      table: db.evaluations,
      proceed: (id, onProgress) => service.proceed(id, onProgress),
      stop: (id, how) => service.stop(id, how),
      stoppedAs,
    },
    db,
  );
  onTestFinished(() => jobs.leave());
  jobs.follow();
  return jobs;
}

it('an evaluation that was begun is run to its end, and its job says so', async () => {
  const { db, start } = await setUpLab();
  const { service } = start();
  const id = await service.create(request);
  await owner(db, service).begin(id);
  const job = await jobAt(db, id, 'done');
  expect(job).toMatchObject({ kind: 'evaluate', title: 'Questions, 3 questions', unit: 'steps' });
  expect(job.done).toBe(job.total);
  expect((await db.evaluations.get(id))!.state).toBe('done');
});

it('a job that somebody pauses stops, and goes on where it was when it is continued', async () => {
  const { db, start } = await setUpLab();
  let id = '';
  let asked = 0;
  const { service, calls } = start({
    before: async (question) => {
      if (question.includes('hotels') && asked++ === 0) await db.jobs.update(`evaluate:${id}`, { state: 'paused' });
    },
  });
  id = await service.create(request);
  const jobs = owner(db, service);
  await jobs.begin(id);
  await jobAt(db, id, 'paused');
  await jobs.begin(id);
  await jobAt(db, id, 'done');
  expect((await db.evaluations.get(id))!.state).toBe('done');
  // At most the question in hand was asked a second time.
  expect(calls.searched.length).toBeLessThanOrEqual(QUESTIONS.length + 1);
});

it('what a closed tab left running goes on in the next one', async () => {
  const { db, start, scores } = await setUpLab();
  const first = start();
  const id = await first.service.create(request);
  const closed = owner(db, first.service);
  await closed.leave();
  await closed.begin(id);
  await owner(db, start().service).begin(id);
  await jobAt(db, id, 'done');
  expect(await scores(id)).toHaveLength(QUESTIONS.length);
});

it('votes on an evaluation that is done run as its job, and go on where they were after a pause', async () => {
  const { db, start } = await setUpLab();
  let id = '';
  let asked = 0;
  const { service } = start({
    says: (turns, adapter) =>
      turns[0]!.content.includes('JSON') ? '{"reason": "It says so.", "better": "tie"}' : `${adapter} says so.`,
    before: async (said) => {
      if (said.includes('Answer A') && asked++ === 0) await db.jobs.update(`evaluate:${id}`, { state: 'paused' });
    },
  });
  const [first, second] = [of(search, null, writer), of(search, null, tunedWriter)];
  const settings = { answering: 'always' };
  id = await service.create({ ...request, configurations: [first, second], settings });
  const jobs = owner(db, service);
  await jobs.begin(id);
  await jobAt(db, id, 'done');
  await service.letVote(id, { judge: { modelId: 'writer' }, first: first.id, second: second.id });
  await jobs.begin(id);
  await jobAt(db, id, 'paused');
  await jobs.begin(id);
  await jobAt(db, id, 'done');
  expect((await db.evaluations.get(id))!.state).toBe('done');
  expect(await db.votes.count()).toBe(QUESTIONS.length);
});

/** An evaluation that is done and voted on, by a judge whose job is put into a state at its first question. */
async function votedOn(state: JobRow['state']) {
  const { db, start } = await setUpLab();
  let id = '';
  const { service } = start({
    says: (turns, adapter) => (turns[0]!.content.includes('JSON') ? 'Well.' : `${adapter} says so.`),
    before: async (said) => {
      if (said.includes('Answer A')) await db.jobs.update(`evaluate:${id}`, { state });
    },
  });
  const [first, second] = [of(search, null, writer), of(search, null, tunedWriter)];
  id = await service.create({ ...request, configurations: [first, second], settings: { answering: 'always' } });
  const jobs = owner(db, service);
  await jobs.begin(id);
  await jobAt(db, id, 'done');
  await service.letVote(id, { judge: { modelId: 'writer' }, first: first.id, second: second.id });
  await jobs.begin(id);
  return { db, id, evaluationAt: (wanted: EvaluationRow['state']) => rowAt(() => db.evaluations.get(id), wanted) };
}

it('votes that are cancelled on the way leave the evaluation done', async () => {
  const { evaluationAt } = await votedOn('cancelled');
  expect(await evaluationAt('done')).not.toHaveProperty('voting');
});

it('votes that are cancelled after a pause leave the evaluation done', async () => {
  const { db, id, evaluationAt } = await votedOn('paused');
  expect(await evaluationAt('paused')).toHaveProperty('voting');
  await db.jobs.update(`evaluate:${id}`, { state: 'cancelled' });
  expect(await evaluationAt('done')).not.toHaveProperty('voting');
});

it('a failure is in the job and in the evaluation', async () => {
  const { db, start } = await setUpLab();
  const { service } = start({
    says: () => {
      throw new AttuneError('engine/device-lost', 'The GPU is gone.', 'Try again.');
    },
  });
  const id = await service.create(request);
  await owner(db, service).begin(id);
  expect(await jobAt(db, id, 'failed')).toMatchObject({ problem: { code: 'engine/device-lost' } });
  expect((await db.evaluations.get(id))!.state).toBe('failed');
});

it('a job that is cancelled before its turn never runs', async () => {
  const { db, start } = await setUpLab();
  let other = '';
  const { service } = start({
    before: async () => {
      await db.jobs.update(`evaluate:${other}`, { state: 'cancelled' });
    },
  });
  const id = await service.create(request);
  other = await service.create(request);
  const jobs = owner(db, service);
  await jobs.begin(id);
  await jobs.begin(other);
  await jobAt(db, id, 'done');
  await jobAt(db, other, 'cancelled');
  await jobs.leave();
  expect((await db.evaluations.get(other))!.state).toBe('cancelled');
});

it('a row that waits anew is not stopped by the job that stopped it before', async () => {
  const { db, start } = await setUpLab();
  const { service } = start();
  const [first, second] = [await service.create(request), await service.create(request)];
  const jobs = owner(db, service);
  const pausedJob = async (id: string, startedAt: number) => {
    const job = { id: `evaluate:${id}`, workspaceId: WORKSPACE, kind: 'evaluate', title: '', unit: 'steps' } as const;
    await db.jobs.put({ ...job, state: 'paused', done: 0, total: 0, startedAt, updatedAt: startedAt });
    await rowAt(() => db.evaluations.get(id), 'paused');
  };
  await pausedJob(first, 1);
  await db.evaluations.update(first, { state: 'waiting' });
  // Rows are told in the order of their jobs: when the second one has been told, the first would have been.
  await pausedJob(second, 2);
  expect((await db.evaluations.get(first))!.state).toBe('waiting');
  await jobs.begin(first);
  await jobAt(db, first, 'done');
});
