import type { DemoPart, DemoState } from './contract.ts';
import { asError } from './documents.ts';
import { baseModels } from './models.ts';
import type { StepContext } from './services.ts';
import { unbroken, waitFor } from './wait.ts';

/** A run goes over its examples no more often than this, however much time there is. */
const MOST_EPOCHS = 12;
const LEAST_STEPS = 8;

/** Tunes one part after the other, each for its share of the minutes. */
export async function tuneParts(demo: DemoState, context: StepContext): Promise<void> {
  for (const part of demo.options.tune) {
    const { runs } = context.services.db;
    const runId = (await unbroken(demo.runs[part], (id) => runs.get(id))) ?? (await begin(part, demo, context));
    const run = await waitFor(
      () => context.services.db.runs.get(runId),
      (row) => row === undefined || ['done', 'failed', 'cancelled'].includes(row.state),
      context.signal,
    );
    if (run?.state === 'failed') throw asError(run.problem, 'A tuning run failed.');
  }
}

/** Steps that fit into the time, by a real step measured on this machine. */
async function begin(part: DemoPart, demo: DemoState, { services, keep }: StepContext): Promise<string> {
  const { options, workspaceId, trainingSetId } = demo;
  const models = await baseModels(services);
  const request = {
    workspaceId,
    task: part,
    modelId: part === 'generator' ? models.generator.id : models.embedder.id,
    datasetId: trainingSetId!,
    settings: { epochs: MOST_EPOCHS },
    seed: options.seed,
    ...(part === 'reranker' && { searchAdapterId: await searchAdapter(demo, services) }),
  };
  const { secondsPerStep, secondsBefore = 0, steps: most } = await services.estimate(request);
  const seconds = (options.minutes * 60) / options.tune.length - secondsBefore;
  const steps = Math.min(most, Math.max(LEAST_STEPS, Math.floor(seconds / secondsPerStep)));
  const runId = await services.train({ ...request, settings: { ...request.settings, steps } });
  demo.runs[part] = runId;
  await keep({ runs: { ...demo.runs } });
  return runId;
}

/** A ranking model stands behind the search that this demonstration tuned. */
async function searchAdapter({ runs, options }: DemoState, { db }: StepContext['services']): Promise<string | null> {
  const run = runs.embedder === undefined ? undefined : await db.runs.get(runs.embedder);
  return run?.adapterId ?? options.adapters?.embedder ?? null;
}
