import { AttuneError } from '../errors/attune-error.ts';
import type { ChunkRow, DatasetRow } from '../storage/schema.ts';
import { assignParts, knownParts } from './assign-parts.ts';
import { attachPassages } from './attach.ts';
import type { DatasetImport, DatasetImportOptions, RefusedRow } from './contract.ts';
import type { RawExample } from './formats/columns.ts';
import type { NativeDataset } from './formats/native.ts';
import type { ReadDataset } from './formats/read-dataset.ts';
import { inUse } from './in-use.ts';
import { splitValues } from './settings.ts';
import { groupOf, passageKey } from './split.ts';
import type { DatasetStore, ExampleDraft, NewExample } from './store.ts';
import { wordsOf } from './words.ts';

/**
 * Makes a data set of what was read from a file, or adds it to one: each row gets its passage and its part.
 *
 * @throws AttuneError `datasets/no-rows`, `datasets/missing`, `storage/full`
 */
export async function importDataset(
  store: DatasetStore,
  workspaceId: string,
  read: ReadDataset,
  options: DatasetImportOptions,
): Promise<DatasetImport> {
  const report = await importRows(store, workspaceId, read, options);
  const note = [read.note, report.note].filter(Boolean).join(' ');
  return { ...report, ...(note && { note }) };
}

async function importRows(
  store: DatasetStore,
  workspaceId: string,
  read: ReadDataset,
  options: DatasetImportOptions,
): Promise<DatasetImport> {
  const refused = [...read.refused];
  const name = options.name ?? read.native?.head.name ?? read.name.replace(/\.[^.]+$/, '');
  const drafts = await attach(store, workspaceId, read.rows, refused);
  if (read.native) {
    const rows = nativeRows(read.native, drafts);
    if (options.datasetId !== undefined) return addRows(store, options.datasetId, rows, refused);
    return importNative(store, workspaceId, name, read.native, rows, refused);
  }
  if (drafts.length === 0) throw nothingUsable(read.name, refused);
  // A row that names no document is one of its own: the same passage then still lies in one part only.
  const keyed = drafts.map((draft) => ({ ...draft, documentKey: draft.documentKey || passageKey(draft) }));
  if (options.datasetId !== undefined) return addRows(store, options.datasetId, keyed, refused);
  const seed = options.seed ?? 1;
  const values = splitValues({ seed });
  const { rows: examples, by, note } = assignParts(keyed, values);
  const dataset = await store.create(
    {
      ...{ workspaceId, name, source: `imported from ${read.name}`, seed, split: { ...values, by } },
      ...(options.licence && { licence: options.licence }),
    },
    examples,
  );
  return { ...reportOf(dataset, examples, refused), ...(note && { note }) };
}

/** Rows of Attune's own format come in as they are; only where their passages lie is found out again. */
function nativeRows({ examples }: NativeDataset, attached: readonly ExampleDraft[]): NewExample[] {
  return examples.map(({ chunkId: _, ...example }, i): NewExample => {
    const chunkId = attached[i]?.chunkId;
    return { ...example, ...(chunkId && { chunkId }) };
  });
}

/** Parts that the rows name are kept but where their passage or document has one already: it may lie in one only. */
async function addRows(
  store: DatasetStore,
  datasetId: string,
  drafts: readonly ExampleDraft[],
  refused: RefusedRow[],
): Promise<DatasetImport> {
  const dataset = await store.dataset(datasetId);
  const { by } = splitValues(dataset);
  const { ofPassage, ofGroup } = knownParts(await store.rows(datasetId), by);
  const placed = drafts.map((draft) => {
    const split = ofPassage.get(passageKey(draft)) ?? ofGroup.get(groupOf(draft, by)) ?? draft.split;
    return { ...draft, ...(split && { split }) };
  });
  const added = await store.append(datasetId, placed);
  const counts = { train: 0, validation: 0, test: 0 };
  for (const row of added) if (inUse(row)) counts[row.split]++;
  return reportOf({ ...dataset, counts }, added, refused);
}

async function importNative(
  store: DatasetStore,
  workspaceId: string,
  name: string,
  { head }: NativeDataset,
  rows: readonly NewExample[],
  refused: RefusedRow[],
): Promise<DatasetImport> {
  const { source, seed, split, rules, licence } = head;
  const dataset = await store.create(
    {
      workspaceId,
      name,
      source,
      ...(seed !== undefined && { seed }),
      ...(split && { split }),
      ...(rules && { rules }),
      ...(licence && { licence }),
    },
    rows,
  );
  return reportOf(dataset, rows, refused);
}

function reportOf(
  { id, name, counts }: DatasetRow,
  rows: readonly Pick<NewExample, 'chunkId'>[],
  refused: RefusedRow[],
): DatasetImport {
  return {
    datasetId: id,
    name,
    counts,
    attached: rows.filter(({ chunkId }) => chunkId !== undefined).length,
    refused: refused.sort((a, b) => a.row - b.row),
  };
}

/** Gives each row its passages: the workspace's where they are found there, else its own. */
async function attach(
  store: DatasetStore,
  workspaceId: string,
  rows: readonly RawExample[],
  refused: RefusedRow[],
): Promise<ExampleDraft[]> {
  const documents = await store.db.documents.where('workspaceId').equals(workspaceId).toArray();
  const paths = new Map(documents.map(({ id, path }) => [id, path]));
  const wanted = rows.map(eachDocument);
  const passages = await attachPassages(
    wanted.flat(),
    documents,
    chunksOf(
      store,
      documents.map(({ id }) => id),
    ),
  );
  let at = 0;
  // Two names may be those of one document.
  const found = wanted.map(({ length }) => [
    ...new Set(passages.slice(at, (at += length)).filter((passage) => passage !== undefined)),
  ]);
  return rows.flatMap((row, i): ExampleDraft[] => {
    const [chunk, ...others] = found[i]!;
    const own = row.passage;
    const passage = chunk && takesItsPlace(chunk.text, own) ? chunk.text : own;
    if (passage === undefined) {
      refused.push({ row: row.row, reason: missingPassage(row) });
      return [];
    }
    return [
      {
        question: row.question,
        answer: row.answer,
        ...(row.moreAnswers && { moreAnswers: row.moreAnswers }),
        ...(row.thought && { thought: row.thought }),
        passage,
        headings: chunk ? chunk.headings : row.headings,
        documentKey: (chunk && paths.get(chunk.documentId)) ?? row.document ?? '',
        ...(chunk && { chunkId: chunk.id }),
        negatives: row.negatives,
        ...(row.split && { split: row.split }),
        ...(row.kind && { kind: row.kind }),
        ...(others.length > 0 && {
          morePassages: others.map(({ id, documentId, text, headings }) => ({
            ...{ text, headings, chunkId: id },
            documentKey: paths.get(documentId) ?? '',
          })),
        }),
        provenance: { origin: 'imported' },
      },
    ];
  });
}

/** A row for each document that it names; one with words of its passage means the document that holds them. */
function eachDocument(row: RawExample): RawExample[] {
  if (row.passage !== undefined || row.quotes.length > 0) return [row];
  return [row, ...(row.moreDocuments ?? []).map((document) => ({ ...row, document }))];
}

/** One document in memory at a time. */
async function* chunksOf(store: DatasetStore, documentIds: readonly string[]): AsyncGenerator<ChunkRow> {
  for (const id of documentIds) yield* await store.db.chunks.where('documentId').equals(id).toArray();
}

/** What is searched is the workspace's passage, unless the row's own is much longer. */
function takesItsPlace(chunk: string, own: string | undefined): boolean {
  return own === undefined || wordsOf(own).length <= 1.5 * wordsOf(chunk).length;
}

function missingPassage({ quotes, document }: RawExample): string {
  if (quotes.length === 0) {
    return document
      ? `it has neither a passage nor a quote, and the document it names is not in this workspace (${document})`
      : 'it has neither a passage nor a quote from a document';
  }
  return document
    ? `its quote is in no document of this workspace (it names ${document})`
    : 'its quote is in no document of this workspace';
}

function nothingUsable(file: string, refused: readonly RefusedRow[]): AttuneError {
  const why = refused[0] ? `; row ${refused[0].row}: ${refused[0].reason}` : '';
  return new AttuneError(
    'datasets/no-rows',
    `No row of ${file} can be used${why}.`,
    'A row needs a question, an answer, and a passage, or a quote from a document that is in this workspace.',
  );
}
