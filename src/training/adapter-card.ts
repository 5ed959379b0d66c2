import type { AttuneDatabase } from '../storage/database.ts';
import type { AdapterRow, RunRow } from '../storage/schema.ts';

/** What an adapter's row takes over from its run, wherever that was computed. A generator is asked as it was trained. */
export async function cardOfRun(db: AttuneDatabase, run: RunRow) {
  const dataset = await db.datasets.get(run.datasetId);
  return {
    workspaceId: run.workspaceId,
    name: run.name,
    description: dataset ? `Tuned on ${dataset.name} (${dataset.counts.train} questions).` : '',
    task: run.task,
    runId: run.id,
    datasetHash: run.datasetHash,
    ...(await recipeOfRun(run)),
  } satisfies Partial<AdapterRow>;
}

async function recipeOfRun(run: RunRow) {
  if (run.task !== 'generator') return {};
  const { recipeOf } = await import('./tasks/recipe.ts');
  return { recipe: recipeOf(run.settings) };
}
