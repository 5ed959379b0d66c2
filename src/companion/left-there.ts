import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunOnNode, RunRow } from '../storage/schema.ts';
import { ignoreMissing, type NodeClient } from './client.ts';
import type { CompanionJob } from './contract.ts';
import { fileNameOf } from './held-there.ts';
import { pause } from './pause.ts';
import { ignoreRefusal } from './run-job.ts';

/** Two minutes in all: a cancelled job stops after its step, and a step of a large model takes a while. */
const PAUSES_MS = [250, 500, 1000, 2000, ...Array.from({ length: 23 }, () => 5000)];

/**
 * Deletes on their node what runs left there: rows, which trials of a sweep share, and tuned models. Jobs that are not
 * over are cancelled, and their end is waited for. Verified: the node is asked again for each. Adapters here stay.
 *
 * @param runs on one node; their rows may be gone meanwhile
 * @param clientOf throws an AttuneError when it is not paired or switched off
 * @throws AttuneError `companion/still-at-work`, `companion/not-deleted`
 */
export async function removeThere(
  database: AttuneDatabase,
  runs: readonly RunRow[],
  clientOf: (nodeId: string) => Promise<NodeClient>,
  pausesMs: readonly number[] = PAUSES_MS,
): Promise<void> {
  const there = runs.flatMap(({ node }) => node ?? []);
  if (!there[0]) return;
  const client = await clientOf(there[0].nodeId);
  const runIds = new Set(runs.map(({ id }) => id));
  const begun = (await client.jobs()).filter(({ metadata }) => metadata.run !== undefined && runIds.has(metadata.run));
  const jobIds = new Set([...begun.map(({ id }) => id), ...there.flatMap(({ jobId }) => jobId ?? [])]);
  // All of them first, or the next one in the queue begins while the one before it is waited for.
  for (const id of jobIds) await client.control(id, 'cancel').catch(ignoreRefusal);
  const models = new Set(there.flatMap(({ model }) => model ?? []));
  for (const id of jobIds) {
    const job = await ended(client, id, pausesMs);
    // One that came to its end before it heard of it has left a model that no row names.
    if (job?.fine_tuned_model) models.add(job.fine_tuned_model);
  }
  const names = new Set(runs.map(fileNameOf));
  // Those whose upload was cut off, but had arrived, are known by their name alone.
  const arrived = (await client.files()).filter(({ filename }) => names.has(filename)).map(({ id }) => id);
  for (const id of new Set([...arrived, ...there.flatMap(({ fileId }) => fileId ?? [])])) await client.removeFile(id);
  await forget(database, (run) => names.has(fileNameOf(run)), { fileId: undefined, rows: undefined });
  for (const model of models) {
    await client.removeModel(model);
    await forget(database, ({ node }) => node?.model === model, { model: undefined });
  }
}

async function forget(database: AttuneDatabase, of: (run: RunRow) => boolean, gone: Partial<RunOnNode>): Promise<void> {
  await database.runs
    .filter((run) => run.node !== undefined && of(run))
    .modify((run) => {
      run.node = { ...run.node!, ...gone };
    });
}

/** A job that is over; undefined where the node has it no more. */
async function ended(client: NodeClient, id: string, pausesMs: readonly number[]): Promise<CompanionJob | undefined> {
  for (const ms of [...pausesMs, undefined]) {
    const job = await client.job(id).catch(ignoreMissing);
    if (!job || ['succeeded', 'failed', 'cancelled'].includes(job.status)) return job;
    if (ms !== undefined) await pause(ms);
  }
  throw new AttuneError(
    'companion/still-at-work',
    'The node has not ended the step of a job that was cancelled, so its rows are still there.',
    'Wait a minute, then delete them again.',
  );
}
