import { ingest } from '../../../ingest/client.ts';
import { jobs } from '../../../jobs/client.ts';
import { database } from '../../../storage/database.ts';
import type { DocumentRow } from '../../../storage/schema.ts';
import { saveFile } from '../../files.ts';

/** Reads documents again: failed ones, or all after a change of the chunk settings. */
export async function readAgain(workspaceId: string, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await ingest.requeue(workspaceId, ids);
  await jobs.read(workspaceId);
}

/** Deletes documents with everything of them, then drops their vectors. */
export async function removeDocuments(workspaceId: string, ids: string[]): Promise<void> {
  await ingest.remove(workspaceId, ids);
  await jobs.embed(workspaceId);
}

/** Hands the file back as it was added. */
export async function downloadOriginal(row: DocumentRow): Promise<void> {
  const original = await database().originals.get(row.id);
  if (original) saveFile(original.blob, row.name);
}

/** Number of passages that say nearly the same as an earlier one. */
export function countNearDuplicates(workspaceId: string): Promise<number> {
  return database()
    .chunks.where('[workspaceId+nearDuplicateOf]')
    .between([workspaceId, ''], [workspaceId, '\uffff'])
    .count();
}
