import { adapters } from '../adapters/client.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import type { AdapterRow, RunRow } from '../storage/schema.ts';
import { cardOfRun } from '../training/adapter-card.ts';
import { training } from '../training/client.ts';
import { clientOf } from './nodes.ts';
import { removeThere } from './left-there.ts';
import { NodeRuns } from './runs.ts';
import { weightsHash } from './weights-hash.ts';

/** Runs on nodes over the app's database, models and adapters. */
export const nodeRuns = new NodeRuns({
  get database() {
    return database();
  },
  clientOf: (nodeId) => clientOf(nodeId),
  patience: { network: window },
  weightsHash: async (modelId) => weightsHash((await openModel(modelId)).description),
  keepAdapter: async (run, zip, scores) => {
    const { id } = await adapters.import([{ path: zip.name, blob: zip }], run.modelId);
    const card = await cardOfRun(database(), run);
    await noteOn(id, { ...card, scores, source: `trained on ${run.node!.name}` });
    return id;
  },
  weigh: async (run, adapterId, { signal, onProgress }) => {
    signal.throwIfAborted();
    const stop = () => void training.stop(run.id, 'pause');
    signal.addEventListener('abort', stop, { once: true });
    try {
      const denseWeight = await training.weigh(run.id, adapterId, onProgress);
      await noteOn(adapterId, { denseWeight });
    } catch {
      // The adapter is here and works: a data set that changed meanwhile must not make its run a failure.
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', stop);
    }
  },
});

/** What is known of an adapter, in its row and in the card beside its files. */
async function noteOn(adapterId: string, known: Partial<AdapterRow>): Promise<void> {
  const db = database();
  await db.adapters.update(adapterId, known);
  const row = await db.adapters.get(adapterId);
  // Writes the card.
  if (row) await adapters.rename(adapterId, row.name, row.description);
}

/** Deletes what these runs left on their node: see `removeThere`. */
export const removeFromNode = (runs: readonly RunRow[]) => removeThere(database(), runs, (id) => clientOf(id));
