import 'fake-indexeddb/auto';
import { liveQuery } from 'dexie';
import { expect, onTestFinished, test } from 'vitest';
import { ExtractedWriter } from '../../../../src/datasets/generation/extracted/extract-questions.ts';
import type { SourcePassage } from '../../../../src/datasets/generation/passage-writer.ts';
import { Questions } from '../../../../src/datasets/generation/service.ts';
import { RowJobs } from '../../../../src/jobs/row-jobs.ts';
import { AttuneDatabase } from '../../../../src/storage/database.ts';
import { writeDocument } from '../../../support/library.ts';

const workspaceId = 'w';
const passages = Array.from(
  { length: 6 },
  (_, i) => `A gadget${i} is a small device that measures something of kind ${i}. Nobody else has one of these here, and
    the people who made it have gone home a long time ago, so it is handled with the greatest care by all of us.`,
);

/** Waits before each passage until it is let through. */
class GatedWriter extends ExtractedWriter {
  readonly #gate: (place: number) => Promise<void>;
  constructor(gate: (place: number) => Promise<void>) {
    super(2);
    this.#gate = gate;
  }
  override async write(passage: SourcePassage) {
    await this.#gate(passage.place);
    return super.write(passage);
  }
}

function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** @param heldAt place of the passage at which the run waits until it is stopped */
async function studio(heldAt?: number) {
  const [reached, stopped] = [gate(), gate()];
  const db = new AttuneDatabase(`generation-jobs-${crypto.randomUUID()}`);
  onTestFinished(() => db.delete());
  await writeDocument(db, workspaceId, { path: 'gadgets.md', passages });
  const writer = new GatedWriter(async (place) => {
    if (place !== heldAt) return;
    reached.open();
    await stopped.opened;
  });
  const questions = new Questions({ database: db, openWriter: async () => writer });
  const owner = () =>
    new RowJobs(
      workspaceId,
      {
        kind: 'generate',
        unit: 'passages',
        table: db.generations,
        proceed: (id, onProgress) => questions.proceed(id, onProgress),
        stop: async (id, how) => {
          await questions.stop(id, how);
          stopped.open();
        },
      },
      db,
    );
  const run = await questions.create({ workspaceId, method: 'extracted', settings: {} });
  const jobId = `generate:${run.id}`;
  const until = (state: string) =>
    new Promise<void>((resolve) => {
      const watch = liveQuery(() => db.jobs.get(jobId)).subscribe((row) => {
        if (row?.state !== state) return;
        resolve();
        queueMicrotask(() => watch.unsubscribe());
      });
    });
  return { db, owner, run, jobId, until, reached: reached.opened, rows: () => db.examples.count() };
}

test('a run is a job with its passages, and done when it is through', async () => {
  const { db, owner, run, jobId, until, rows } = await studio();
  const jobs = owner();
  jobs.follow();
  await jobs.begin(run.id);
  await until('done');
  expect(await db.jobs.get(jobId)).toMatchObject({ kind: 'generate', unit: 'passages', done: 6, total: 6 });
  expect(await rows()).toBe(6);
  await jobs.leave();
});

test('a job that is paused stops, and goes on where it was', async () => {
  const { db, owner, run, jobId, until, reached, rows } = await studio(3);
  const jobs = owner();
  jobs.follow();
  await jobs.begin(run.id);
  await reached;
  await db.jobs.update(jobId, { state: 'paused' });
  await new Promise<void>((resolve) => {
    const watch = liveQuery(() => db.generations.get(run.id)).subscribe((row) => {
      if (row?.state !== 'paused') return;
      resolve();
      queueMicrotask(() => watch.unsubscribe());
    });
  });
  expect(await rows()).toBe(3);
  await jobs.begin(run.id);
  await until('done');
  expect(await rows()).toBe(6);
  await jobs.leave();
});

test('when its owner goes, the next one takes it up without a row twice', async () => {
  const { db, owner, run, jobId, until, reached, rows } = await studio(2);
  const first = owner();
  first.follow();
  await first.begin(run.id);
  await reached;
  await first.leave();
  expect((await db.jobs.get(jobId))!.state).toBe('running');
  const second = owner();
  second.follow();
  await until('done');
  const all = (await db.examples.toArray()).map(({ question }) => question);
  expect(new Set(all).size).toBe(6);
  expect(await rows()).toBe(6);
  await second.leave();
});
