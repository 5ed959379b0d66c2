import { jobId, rowJobId, trainingJobId } from '../jobs/client.ts';
import type { DemoStage, DemoState } from './contract.ts';

/** Ids of the jobs that the step in progress waits for: they stop and go on with the demonstration, others do not. */
export function ownJobs(demo: DemoState): string[] {
  return OF_STAGE[demo.stage](demo);
}

const OF_STAGE: Record<DemoStage, (demo: DemoState) => string[]> = {
  documents: ({ workspaceId }) => [jobId(workspaceId, 'ingest'), jobId(workspaceId, 'embed')],
  questions: ({ generationId }) => (generationId === undefined ? [] : [rowJobId('generate', generationId)]),
  tuning: ({ runs }) => Object.values(runs).map((runId) => trainingJobId({ runId })),
  measuring: ({ searchEvaluationId, answerEvaluationId }) =>
    [searchEvaluationId, answerEvaluationId].flatMap((id) => (id === undefined ? [] : rowJobId('evaluate', id))),
};
