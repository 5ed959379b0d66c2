import type { Table } from 'dexie';
import type { AttuneDatabase } from '../storage/database.ts';

/** Every table whose rows belong to a workspace. */
export function workspaceTables(db: AttuneDatabase): Table[] {
  return [
    db.documents,
    db.originals,
    db.documentTexts,
    db.chunks,
    db.signatures,
    db.vectorIndexes,
    db.jobs,
    db.chats,
    db.messages,
  ] as Table[];
}

/** Deletes every row of a workspace, its own included, in one transaction. */
export async function deleteRows(db: AttuneDatabase, workspaceId: string): Promise<void> {
  const tables = workspaceTables(db);
  await db.transaction('rw', [db.workspaces, ...tables], async () => {
    await db.workspaces.delete(workspaceId);
    for (const table of tables) await table.where('workspaceId').equals(workspaceId).delete();
  });
}
