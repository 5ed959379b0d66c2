import { adapters } from '../adapters/client.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';
import { clientOf } from './nodes.ts';
import { NodeRuns } from './runs.ts';
import { weightsHash } from './weights-hash.ts';

/** Runs on nodes over the app's database, models and adapters. */
export const nodeRuns = new NodeRuns({
  get database() {
    return database();
  },
  clientOf: (nodeId) => clientOf(nodeId),
  weightsHash: async (modelId) => weightsHash((await openModel(modelId)).description),
  keepAdapter: async (run, zip, scores) => {
    const db = database();
    const { id } = await adapters.import([zip], run.modelId);
    const dataset = await db.datasets.get(run.datasetId);
    await db.adapters.update(id, {
      workspaceId: run.workspaceId,
      task: run.task,
      scores,
      source: `trained on ${run.node!.name}`,
      runId: run.id,
      datasetHash: run.datasetHash,
      ...(await recipeOfRun(run)),
    });
    // Writes the card too, beside its files.
    const description = dataset ? `Tuned on ${dataset.name} (${dataset.counts.train} questions).` : '';
    await adapters.rename(id, run.name, description);
    return id;
  },
});

/** A generator is asked as it was trained. */
async function recipeOfRun(run: RunRow) {
  if (run.task !== 'generator') return {};
  const { recipeOf } = await import('../training/tasks/recipe.ts');
  return { recipe: recipeOf(run.settings) };
}
