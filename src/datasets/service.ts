import { sampleQuestions } from './samples.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { ChunkRow, DatasetRow, DatasetSplit, ExampleRow } from '../storage/schema.ts';
import { storageFull } from '../storage/storage-full.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { attachPassages, wordsOf } from './attach.ts';
import type { RawExample } from './columns.ts';
import type { DatasetImport, DatasetImportOptions, DatasetService, RefusedRow } from './contract.ts';
import { readDatasetFile } from './read-file.ts';
import { splitByDocument, textHash } from './split.ts';

/** Data sets over a database; see {@link DatasetService}. */
export class Datasets implements Pick<DatasetService, 'importSamples' | 'rename' | 'remove'> {
  readonly #db: AttuneDatabase;

  constructor(db: AttuneDatabase) {
    this.#db = db;
  }

  async import(workspaceId: string, file: File, options: DatasetImportOptions = {}): Promise<DatasetImport> {
    const { rows, refused } = await readDatasetFile(file);
    const name = options.name ?? file.name.replace(/\.[^.]+$/, '');
    const drafts = await this.#attach(workspaceId, rows, refused);
    if (drafts.length === 0) throw nothingUsable(file.name, refused);
    const { examples, note } = assignSplits(drafts, options.seed ?? 1);
    const id = crypto.randomUUID();
    const dataset = describe(id, workspaceId, name, `imported from ${file.name}`, examples);
    await this.#store(dataset, examples);
    return {
      datasetId: id,
      name,
      counts: dataset.counts,
      attached: examples.filter(({ chunkId }) => chunkId !== undefined).length,
      refused: refused.sort((a, b) => a.row - b.row),
      ...(note && { note }),
    };
  }

  async importSamples(workspaceId: string): Promise<DatasetImport> {
    return this.import(workspaceId, await sampleQuestions(), { name: 'Questions on the sample documents' });
  }

  async rename(datasetId: string, name: string): Promise<void> {
    await this.#db.datasets.update(datasetId, { name, updatedAt: Date.now() });
  }

  async remove(datasetId: string): Promise<void> {
    const { datasets, examples } = this.#db;
    await this.#db.transaction('rw', datasets, examples, async () => {
      await datasets.delete(datasetId);
      await examples.where('datasetId').equals(datasetId).delete();
    });
  }

  /** Gives each row its passage: the workspace's where it is found there, else its own. */
  async #attach(workspaceId: string, rows: readonly RawExample[], refused: RefusedRow[]): Promise<Draft[]> {
    const documents = await this.#db.documents.where('workspaceId').equals(workspaceId).toArray();
    const paths = new Map(documents.map(({ id, path }) => [id, path]));
    const found = await attachPassages(rows, documents, this.#chunks(documents.map(({ id }) => id)));
    return rows.flatMap((row, i): Draft[] => {
      const chunk = found[i];
      const passage = chunk && takesItsPlace(chunk.text, row.passage) ? chunk.text : row.passage;
      if (passage === undefined) {
        refused.push({ row: row.row, reason: missingPassage(row) });
        return [];
      }
      return [
        {
          question: row.question,
          answer: row.answer,
          ...(row.thought && { thought: row.thought }),
          passage,
          headings: chunk ? chunk.headings : row.headings,
          documentKey: (chunk && paths.get(chunk.documentId)) ?? row.document ?? '',
          ...(chunk && { chunkId: chunk.id }),
          negatives: row.negatives,
          ...(row.split && { split: row.split }),
        },
      ];
    });
  }

  /** One document in memory at a time. */
  async *#chunks(documentIds: readonly string[]): AsyncGenerator<ChunkRow> {
    for (const id of documentIds) yield* await this.#db.chunks.where('documentId').equals(id).toArray();
  }

  async #store(dataset: DatasetRow, examples: readonly NewExample[]): Promise<void> {
    const { datasets } = this.#db;
    const rows = examples.map((example, ordinal): ExampleRow => ({
      ...example,
      id: crypto.randomUUID(),
      datasetId: dataset.id,
      workspaceId: dataset.workspaceId,
      ordinal,
    }));
    await this.#db
      .transaction('rw', datasets, this.#db.examples, async () => {
        await datasets.add(dataset);
        await this.#db.examples.bulkAdd(rows);
      })
      .catch((error: unknown) => {
        throw storageFull(error);
      });
  }
}

type NewExample = Omit<ExampleRow, 'id' | 'datasetId' | 'workspaceId' | 'ordinal'>;
type Draft = Omit<NewExample, 'split'> & { split?: DatasetSplit };

/** SHA-256 over what a run learns from, in order: two imports of the same rows are the same data. */
export function datasetHash(examples: readonly Omit<NewExample, 'chunkId'>[]): string {
  const rows = examples.map(({ split, question, answer, thought, passage, headings, documentKey, negatives }) =>
    JSON.stringify([split, question, answer, thought ?? '', passage, headings, documentKey, negatives]),
  );
  return textHash(rows.join('\n'));
}

function describe(
  id: string,
  workspaceId: string,
  name: string,
  source: string,
  examples: readonly NewExample[],
): DatasetRow {
  const now = Date.now();
  return {
    id,
    workspaceId,
    name,
    source,
    hash: datasetHash(examples),
    counts: countSplits(examples),
    createdAt: now,
    updatedAt: now,
  };
}

export function countSplits(examples: readonly Pick<ExampleRow, 'split'>[]): DatasetRow['counts'] {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const { split } of examples) counts[split]++;
  return counts;
}

/** The parts that the file names, or 80/10/10 by document. */
function assignSplits(drafts: readonly Draft[], seed: number): { examples: NewExample[]; note?: string } {
  // A row that names no document is one of its own: the same passage then still lies in one part only.
  const keyed = drafts.map((draft) => ({ ...draft, documentKey: draft.documentKey || passageKey(draft) }));
  if (keyed.every(({ split }) => split !== undefined)) {
    const torn = [...groupBy(keyed, ({ documentKey }) => documentKey)].filter(
      ([, rows]) => new Set(rows.map(({ split }) => split)).size > 1,
    );
    const note =
      torn.length > 0
        ? `The file splits ${torn.length} of its documents over several parts: scores on them will look better than they are.`
        : undefined;
    return { examples: keyed as NewExample[], note };
  }
  const byDocument = countBy(keyed, ({ documentKey }) => documentKey);
  if (byDocument.size >= 3) {
    const parts = splitByDocument(byDocument, seed);
    return { examples: keyed.map((draft) => ({ ...draft, split: parts.get(draft.documentKey)! })) };
  }
  const parts = splitByDocument(countBy(keyed, passageKey), seed);
  return {
    examples: keyed.map((draft) => ({ ...draft, split: parts.get(passageKey(draft))! })),
    note: 'All questions are on one or two documents, so they are split by passage: scores will look a little better than they are.',
  };
}

const passageKey = ({ passage, headings }: Pick<Draft, 'passage' | 'headings'>) =>
  textHash([...headings, passage].join('\n')).slice(0, 16);

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  return new Map([...groupBy(items, keyOf)].map(([key, group]) => [key, group.length]));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
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
