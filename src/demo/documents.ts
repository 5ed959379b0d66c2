import { AttuneError, type Problem } from '../errors/attune-error.ts';
import { jobId } from '../jobs/client.ts';
import type { DemoState } from './contract.ts';
import type { StepContext } from './services.ts';
import { waitFor } from './wait.ts';

/** Adds the samples where there is nothing, and waits until all documents are read and can be searched. */
export async function readyDocuments({ workspaceId }: DemoState, { services, signal }: StepContext): Promise<void> {
  const { db } = services;
  const count = () => db.documents.where('workspaceId').equals(workspaceId).count();
  if ((await count()) === 0) await services.addSamples(workspaceId);
  // Ended jobs may have been cleared away, and an imported workspace never had one for reading: what counts is that
  // nothing waits to be read and that no job is at it.
  const { jobs } = await waitFor(
    async () => ({
      jobs: await db.jobs.bulkGet([jobId(workspaceId, 'ingest'), jobId(workspaceId, 'embed')]),
      unread: await db.documents
        .where('[workspaceId+status]')
        .anyOf([
          [workspaceId, 'waiting'],
          [workspaceId, 'reading'],
        ])
        .count(),
    }),
    ({ jobs: rows, unread }) => {
      const states = rows.map((row) => row?.state);
      const atIt = states.includes('running') || states.includes('paused');
      return states.includes('failed') || (unread === 0 && !atIt);
    },
    signal,
  );
  const failed = jobs.find((job) => job?.state === 'failed');
  if (failed) throw asError(failed.problem, 'The documents could not be made ready.');
  if ((await db.chunks.where('workspaceId').equals(workspaceId).count()) > 0) return;
  throw new AttuneError(
    'demo/no-text',
    'None of the documents has text that could be read.',
    'Look at them in the Library, or start with the sample documents in a new workspace.',
  );
}

/** What a job left behind, as an error. */
export function asError(problem: Problem | undefined, otherwise: string): AttuneError {
  return problem
    ? new AttuneError(problem.code, problem.message, problem.wayOut)
    : new AttuneError('demo/step', otherwise, 'Start the demonstration again: what is done is kept.');
}
