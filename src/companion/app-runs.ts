import { adapters } from '../adapters/client.ts';
import { openModel } from '../models/catalogue.ts';
import { database } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';
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
    const db = database();
    const { id } = await adapters.import([{ path: zip.name, blob: zip }], run.modelId);
    const card = await cardOfRun(db, run);
    await db.adapters.update(id, { ...card, scores, source: `trained on ${run.node!.name}` });
    // Writes the card too, beside its files.
    await adapters.rename(id, card.name, card.description);
    return id;
  },
  weigh: async (run, adapterId, { signal, onProgress }) => {
    signal.throwIfAborted();
    const stop = () => void training.stop(run.id, 'pause');
    signal.addEventListener('abort', stop, { once: true });
    try {
      await fileWeight(adapterId, await training.weigh(run.id, adapterId, onProgress));
    } catch {
      // The adapter is here and works: a data set that changed meanwhile must not make its run a failure.
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', stop);
    }
  },
});

/** In its row, and in the card beside its files. */
async function fileWeight(adapterId: string, denseWeight: number): Promise<void> {
  const db = database();
  await db.adapters.update(adapterId, { denseWeight });
  const row = await db.adapters.get(adapterId);
  if (row) await adapters.rename(adapterId, row.name, row.description);
}

/** Deletes what these runs left on their node: see `removeThere`. */
export const removeFromNode = (runs: readonly RunRow[]) => removeThere(database(), runs, (id) => clientOf(id));
