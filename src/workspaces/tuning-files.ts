import { opfsFolders } from '../storage/folders.ts';
import type { TuningLeftovers } from './workspace-rows.ts';

/** Deletes the folders of runs and adapters whose rows are gone. */
export async function removeTuningFiles({ runIds, adapterIds }: TuningLeftovers): Promise<void> {
  for (const id of runIds) await opfsFolders.removeFolder(`runs/${id}`);
  for (const id of adapterIds) await opfsFolders.removeFolder(`adapters/${id}`);
}
