import type { Table } from 'dexie';
import type { AttuneDatabase } from '../storage/database.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';

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
    db.datasets,
    db.examples,
    db.runs,
    db.datasetVersions,
    db.generations,
    db.recordings,
    db.evaluations,
    db.evaluationScores,
    db.cachedResults,
    db.votes,
  ] as Table[];
}

/** Folders that belonged to deleted rows. */
export interface TuningLeftovers {
  runIds: string[];
  adapterIds: string[];
}

/**
 * Deletes every row of a workspace, its own included, in one transaction. Adapters that another workspace uses stay and
 * belong to none.
 *
 * @returns what still lies in files
 */
export async function deleteRows(db: AttuneDatabase, workspaceId: string): Promise<TuningLeftovers> {
  const tables = workspaceTables(db);
  return db.transaction('rw', [db.workspaces, db.runPoints, db.adapters, ...tables], async () => {
    await db.workspaces.delete(workspaceId);
    const used = new Set(
      (await db.workspaces.toArray())
        .map(adaptersOf)
        .flatMap(({ embedder, reranker, generator }) => [embedder, reranker, generator]),
    );
    const adapters = await db.adapters.filter((row) => row.workspaceId === workspaceId).toArray();
    const gone = adapters.filter(({ id }) => !used.has(id)).map(({ id }) => id);
    for (const { id } of adapters) if (used.has(id)) await db.adapters.update(id, { workspaceId: null });
    await db.adapters.bulkDelete(gone);
    const runIds = (await db.runs.where('workspaceId').equals(workspaceId).primaryKeys()).map(String);
    await db.runPoints.where('runId').anyOf(runIds).delete();
    for (const table of tables) await table.where('workspaceId').equals(workspaceId).delete();
    return { runIds, adapterIds: gone };
  });
}
