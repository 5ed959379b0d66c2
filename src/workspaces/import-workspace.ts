import * as v from 'valibot';
import { AttuneError } from '../errors/attune-error.ts';
import { readArchive, type ArchiveEntry } from '../ingest/archive/zip.ts';
import { archiveLimits } from '../ingest/limits.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import { damaged } from './archive-errors.ts';
import { FORMAT, manifestSchema, VERSION, vectorIndexesSchema, type Manifest } from './archive-format.ts';
import type { ArchiveProgress, ImportResult } from './contract.ts';
import { importLaboratory } from './import-laboratory.ts';
import { TuningImport } from './import-tuning.ts';
import { RowImport } from './row-import.ts';
import { removeVectors, writeVectorFile } from './vector-files.ts';
import { removeTuningFiles } from './tuning-files.ts';
import { deleteRows } from './workspace-rows.ts';
import { storageFull } from '../storage/storage-full.ts';

/** An export is larger than what anybody drops into a library, and whatever could be added must come back: no ratio. */
const limits = { ...archiveLimits, entries: 250_000, totalBytes: 40e9, entryBytes: 8e9, ratio: Infinity };

/** Makes a new workspace of an exported one. Its row is written last: until then it is nowhere to be seen. */
export async function importWorkspace(
  db: AttuneDatabase,
  archive: Blob,
  signal: AbortSignal,
  onProgress?: (progress: ArchiveProgress) => void,
): Promise<ImportResult> {
  const entries = new Map<string, ArchiveEntry>();
  const fileName = archive instanceof File ? archive.name : 'The archive';
  for await (const entry of readArchive(archive, fileName, limits)) entries.set(entry.path, entry);
  const manifest = await readManifest(entries.get('manifest.json'));
  await sweepLeftovers(db);
  const workspaceId = crypto.randomUUID();
  try {
    const rows = new RowImport(db, workspaceId, manifest.counts.documents, signal, onProgress);
    await rows.documents(required(entries, 'documents.jsonl'), (path) => entries.get(`originals/${path}`));
    await rows.texts(required(entries, 'texts.jsonl'));
    await rows.chunks(required(entries, 'chunks.jsonl'));
    await rows.chats(required(entries, 'chats.jsonl'));
    await rows.messages(required(entries, 'messages.jsonl'));
    const tuning = new TuningImport(db, workspaceId, entries, signal);
    const chunkIdOf = (oldId: string) => rows.chunkId(oldId);
    await tuning.run(chunkIdOf);
    await importLaboratory({ db, workspaceId, entries, signal, ids: tuning.ids, chunkIdOf });
    await importVectors(db, workspaceId, entries, signal);
    rows.compare(manifest.counts);
    const now = Date.now();
    const { adapters, ...plain } = manifest.workspace.settings;
    const settings = { ...plain, ...(adapters && { adapters: tuning.adapters(adapters) }) };
    const name = await freeName(db, manifest.workspace.name);
    signal.throwIfAborted();
    await db.workspaces.add({ id: workspaceId, name, createdAt: now, updatedAt: now, settings });
    return { workspaceId, name };
  } catch (error) {
    await deleteEverything(db, workspaceId);
    throw v.isValiError(error)
      ? damaged(`a row of it is not as it should be (${error.message})`, error)
      : storageFull(error);
  }
}

async function readManifest(entry: ArchiveEntry | undefined): Promise<Manifest> {
  const found = entry && parseJson(await entry.text());
  const marked = v.safeParse(v.looseObject({ format: v.literal(FORMAT), version: v.number() }), found);
  if (!marked.success) {
    throw new AttuneError(
      'workspace/not-an-export',
      'The file is no exported workspace.',
      'Choose a .zip that Attune exported. To read the files in another zip, add it to the library.',
    );
  }
  if (marked.output.version > VERSION) {
    throw new AttuneError(
      'workspace/too-new',
      'The workspace was exported by a newer version of Attune.',
      'Update Attune here, or export the workspace from an older version.',
    );
  }
  const manifest = v.safeParse(manifestSchema, found);
  if (!manifest.success) throw damaged('its description is not as it should be');
  return manifest.output;
}

/** What is no JSON is no manifest either. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function importVectors(
  db: AttuneDatabase,
  workspaceId: string,
  entries: Map<string, ArchiveEntry>,
  signal: AbortSignal,
) {
  const description = entries.get('vectors.json');
  if (!description) return;
  const indexes = v.parse(vectorIndexesSchema, JSON.parse(await description.text(signal)));
  for (const [path, entry] of entries) {
    if (path.startsWith('vectors/'))
      await writeVectorFile(workspaceId, path.slice('vectors/'.length), await entry.blob(signal));
  }
  const updatedAt = Date.now();
  await db.vectorIndexes.bulkPut(
    indexes.map((index) => ({
      ...index,
      id: `${workspaceId}/${index.embedderId}`,
      workspaceId,
      revision: 1,
      updatedAt,
    })),
  );
}

/** A tab that was killed in mid-import leaves rows that belong to no workspace. */
async function sweepLeftovers(db: AttuneDatabase): Promise<void> {
  const known = new Set(await db.workspaces.toCollection().primaryKeys());
  const used = await db.documents.orderBy('workspaceId').uniqueKeys();
  for (const id of used.map(String).filter((id) => !known.has(id))) {
    await deleteEverything(db, id);
  }
}

async function deleteEverything(db: AttuneDatabase, workspaceId: string): Promise<void> {
  await removeTuningFiles(await deleteRows(db, workspaceId));
  await removeVectors(db, workspaceId);
}

function required(entries: Map<string, ArchiveEntry>, path: string): ArchiveEntry {
  const entry = entries.get(path);
  if (!entry) throw damaged(`its part “${path}” is missing`);
  return entry;
}

async function freeName(db: AttuneDatabase, name: string): Promise<string> {
  const taken = new Set((await db.workspaces.toArray()).map((row) => row.name));
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name} (${n})`;
    if (!taken.has(candidate)) return candidate;
  }
}
