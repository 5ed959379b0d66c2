import { liveQuery } from 'dexie';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import { ingest } from '../../../src/ingest/client.ts';
import type { SourceFile } from '../../../src/ingest/contract.ts';
import { jobId } from '../../../src/jobs/client.ts';
import { endOrphans, trackJob } from '../../../src/jobs/tracked-job.ts';
import { WorkspaceJobs, type JobServices } from '../../../src/jobs/workspace-jobs.ts';
import { retrieval } from '../../../src/retrieval/client.ts';
import { database } from '../../../src/storage/database.ts';
import type { WorkspaceAdapters } from '../../../src/storage/schema.ts';

// The real services in their workers; only sync is replaced where a test needs it to fail.
const services: JobServices = { ingest, retrieval };
let workspaceId: string;
let jobs: WorkspaceJobs;

beforeEach(async () => {
  const db = database();
  await Promise.all(db.tables.map((table) => table.clear()));
  workspaceId = crypto.randomUUID();
  await db.workspaces.add({ id: workspaceId, name: 'Test', createdAt: 0, updatedAt: 0, settings: {} });
  jobs = new WorkspaceJobs(workspaceId, services, db);
});
afterEach(() => jobs.leave());

const row = (kind: 'ingest' | 'embed') => database().jobs.get(jobId(workspaceId, kind));
const state = async (kind: 'ingest' | 'embed') => (await row(kind))?.state;
const ready = () => database().documents.where('[workspaceId+status]').equals([workspaceId, 'ready']).count();
const patiently = { timeout: 60_000, interval: 100 };

function notes(count: number): SourceFile[] {
  return Array.from({ length: count }, (_, index) => ({
    path: `notes/${index}.md`,
    blob: new Blob([`# Note ${index}\n\nThe lighthouse number ${index} stands on island ${index * 7}.\n`]),
  }));
}

test('reads added files, then embeds them, and says so in the rows', async () => {
  jobs.follow();
  const result = await jobs.add(notes(3));
  expect(result).toMatchObject({ added: 3, refused: [] });
  await expect.poll(() => state('embed'), patiently).toBe('done');
  expect(await row('ingest')).toMatchObject({ state: 'done', unit: 'files' });
  expect(await ready()).toBe(3);
  const status = await retrieval.status(workspaceId);
  expect(status.embedded).toBe(status.chunks);
  expect(status.chunks).toBeGreaterThanOrEqual(3);
});

test('builds the index of an adapter that is switched on, and goes back to the base without work', async () => {
  const synced: (string | undefined)[] = [];
  const watched: JobServices = {
    ingest,
    retrieval: {
      stop: retrieval.stop,
      sync: async (id) => {
        const workspace = await database().workspaces.get(id);
        synced.push((workspace?.settings['adapters'] as WorkspaceAdapters | undefined)?.embedder);
      },
    },
  };
  const watching = new WorkspaceJobs(workspaceId, watched, database());
  watching.follow();
  const titles = new Set<string | undefined>();
  const use = (adapters: WorkspaceAdapters) =>
    database().workspaces.update(workspaceId, { settings: { adapters }, updatedAt: Date.now() });
  const titleSeen = liveQuery(() => row('embed')).subscribe((job) => titles.add(job?.title));
  await use({ embedder: 'a' });
  await expect.poll(() => synced, patiently).toEqual(['a']);
  await expect.poll(() => state('embed'), patiently).toBe('done');
  expect(titles).toContain('Building the tuned index');
  await use({ embedder: 'a', reranker: 'r' });
  await use({});
  await expect.poll(() => synced, patiently).toEqual(['a', undefined]);
  titleSeen.unsubscribe();
  await watching.leave();
});

test('goes on with what a closed tab left running, and leaves alone what was paused', async () => {
  await ingest.add(workspaceId, notes(2));
  await database().jobs.add({
    id: jobId(workspaceId, 'ingest'),
    workspaceId,
    kind: 'ingest',
    title: 'Reading files',
    state: 'paused',
    done: 0,
    total: 2,
    unit: 'files',
    startedAt: 0,
    updatedAt: 0,
  });
  jobs.follow();
  await database().jobs.update(jobId(workspaceId, 'ingest'), { title: 'Still paused' });
  expect(await ready()).toBe(0);
  // What "continue" does, in whichever tab.
  await database().jobs.update(jobId(workspaceId, 'ingest'), { state: 'running' });
  await expect.poll(ready, patiently).toBe(2);
  await expect.poll(() => state('embed'), patiently).toBe('done');
});

test('pauses when a row is paused from anywhere, keeps what was read, and reads the rest on continue', async () => {
  jobs.follow();
  await jobs.add(notes(150));
  await expect.poll(ready, patiently).toBeGreaterThan(0);
  await database().jobs.update(jobId(workspaceId, 'ingest'), { state: 'paused' });
  await jobs.leave();
  const kept = await ready();
  expect(await state('ingest')).toBe('paused');
  expect(kept).toBeLessThan(150);
  jobs.follow();
  await database().jobs.update(jobId(workspaceId, 'ingest'), { state: 'running' });
  await expect.poll(ready, patiently).toBe(150);
});

test('a step that fails says why in its row and does not start again by itself', async () => {
  let runs = 0;
  const sync = () => {
    runs++;
    return Promise.reject(new AttuneError('storage/full', 'The disk is full.', 'Free some space.'));
  };
  jobs = new WorkspaceJobs(workspaceId, { ingest, retrieval: { ...retrieval, sync } }, database());
  jobs.follow();
  await jobs.add(notes(1));
  await expect.poll(() => state('embed'), patiently).toBe('failed');
  expect((await row('embed'))?.problem).toMatchObject({ code: 'storage/full', wayOut: 'Free some space.' });
  expect(runs).toBe(1);
});

test('tracked work is cancelled through its row', async () => {
  const db = database();
  const work = { kind: 'export' as const, workspaceId, title: 'Exporting', unit: 'files' };
  const ended = trackJob(db, work, async (report, signal) => {
    report({ done: 1, total: 2 });
    const [job] = await db.jobs.toArray();
    await db.jobs.update(job!.id, { state: 'cancelled' });
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  expect((await db.jobs.toArray())[0]).toMatchObject({ state: 'cancelled' });
});

test('after a closed tab, tracked work is marked as interrupted unless another tab is still at it', async () => {
  const db = database();
  const base = { workspaceId: null, kind: 'export' as const, title: 'x', done: 0, total: 0, unit: 'files' };
  await db.jobs.add({ ...base, id: 'orphan', state: 'running', startedAt: 0, updatedAt: 0 });
  let finish = () => {};
  const alive = trackJob(db, { ...base }, () => new Promise<void>((resolve) => (finish = resolve)));
  await expect.poll(() => db.jobs.where('state').equals('running').count()).toBe(2);
  await endOrphans(db);
  expect(await db.jobs.get('orphan')).toMatchObject({ state: 'failed', problem: { code: 'job/interrupted' } });
  expect(await db.jobs.where('state').equals('running').count()).toBe(1);
  finish();
  await alive;
});
