import { adapterFolder } from '../adapters/catalogue.ts';
import type { Table } from 'dexie';
import type { AttuneDatabase } from '../storage/database.ts';
import { opfsFolders } from '../storage/folders.ts';
import type { AdapterRow } from '../storage/schema.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';

/** A part of an archive: rows of a `.jsonl`, or a file. */
export type ArchivePart =
  { name: string; rows: AsyncIterable<object> | Iterable<object> } | { name: string; blob: Blob };

/** What tuning made in a workspace (layout: `tuning-format.ts`), and the adapters that it uses. */
export async function* tuningParts(db: AttuneDatabase, workspaceId: string): AsyncGenerator<ArchivePart> {
  const datasets = await db.datasets.where('workspaceId').equals(workspaceId).toArray();
  const runs = await db.runs.where('workspaceId').equals(workspaceId).toArray();
  const adapters = await carriedAdapters(db, workspaceId);
  yield* laboratoryParts(db, workspaceId);
  if (datasets.length + runs.length + adapters.length === 0) return;
  yield { name: 'datasets.jsonl', rows: datasets.map(withoutWorkspace) };
  yield { name: 'examples.jsonl', rows: examples() };
  yield { name: 'runs.jsonl', rows: runs.map(withoutWorkspace) };
  yield { name: 'run-points.jsonl', rows: points() };
  yield { name: 'adapters.jsonl', rows: adapters.map(withoutWorkspace) };
  for (const { id } of adapters) {
    for (const file of await opfsFolders.list(adapterFolder(id))) {
      const blob = await opfsFolders.read(adapterFolder(id), file);
      if (blob) yield { name: `adapters/${id}/${file}`, blob };
    }
  }

  async function* examples(): AsyncGenerator<object> {
    for (const { id } of datasets) {
      const rows = await db.examples.where('datasetId').equals(id).sortBy('ordinal');
      yield* rows.map(withoutWorkspace);
    }
  }
  async function* points(): AsyncGenerator<object> {
    for (const { id } of runs) yield* await db.runPoints.where('runId').equals(id).toArray();
  }
}

/** What the studio and the laboratory keep (layout: `laboratory-format.ts`); parts without rows are left out. */
async function* laboratoryParts(db: AttuneDatabase, workspaceId: string): AsyncGenerator<ArchivePart> {
  const tables = {
    'dataset-versions': db.datasetVersions,
    recordings: db.recordings,
    evaluations: db.evaluations,
    'evaluation-scores': db.evaluationScores,
    votes: db.votes,
  };
  for (const [name, table] of Object.entries(tables)) {
    const own = (table as Table<{ workspaceId: string }>).where('workspaceId').equals(workspaceId);
    const rows = await own.toArray();
    if (rows.length > 0) yield { name: `${name}.jsonl`, rows: rows.map(withoutWorkspace) };
  }
}

/** Those trained here, and those from elsewhere that are switched on here. */
async function carriedAdapters(db: AttuneDatabase, workspaceId: string): Promise<AdapterRow[]> {
  const workspace = await db.workspaces.get(workspaceId);
  const used = Object.values(adaptersOf(workspace));
  const rows = await db.adapters.toArray();
  return rows.filter((row) => row.workspaceId === workspaceId || used.includes(row.id));
}

function withoutWorkspace<T extends { workspaceId: string | null }>({ workspaceId: _, ...row }: T) {
  return row;
}
