import { AttuneError, isAbort, toProblem } from '../../errors/attune-error.ts';
import { priceTable } from '../../evaluation/costs/hosted-cost.ts';
import { costStory } from '../../evaluation/costs/run-cost.ts';
import { PRICES_SETTING } from '../../evaluation/settings.ts';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { DatasetSplit, GenerationRow } from '../../storage/schema.ts';
import { splitValues } from '../settings.ts';
import { DatasetStore, type NewExample } from '../store.ts';
import type { GenerationProgress } from './contract.ts';
import { partsOf, type PlacedChunk } from './parts.ts';
import type { PassageWriter, SourcePassage, WrittenPassage } from './passage-writer.ts';

export interface RunOptions {
  signal: AbortSignal;
  /** Why the signal fired. */
  stoppedBy: () => 'pause' | 'cancel';
  /** Loads what the method needs. */
  openWriter: (row: GenerationRow) => Promise<PassageWriter>;
  onProgress?: (progress: GenerationProgress) => void;
}

/** Passages of which the speed is taken: the first ones include what is loaded and compiled. */
const WARM_UP = 1;

/**
 * Writes questions from the run's next passage on. What a passage gave and the place of the next one are written in one
 * transaction: a run that was killed goes on without a row twice or a row lost.
 *
 * @throws AttuneError `generate/*`, those of the writer; the row then says `failed`
 */
export async function executeGeneration(
  database: AttuneDatabase,
  id: string,
  { signal, stoppedBy, openWriter, onProgress }: RunOptions,
): Promise<void> {
  const { generations } = database;
  const row = await generations.get(id);
  if (!row) throw gone('The run that wrote questions');
  if (row.state === 'done') return;
  await change(database, id, { state: 'running', problem: undefined });
  let writer: PassageWriter | undefined;
  try {
    const total = row.chunkIds.length;
    signal.throwIfAborted();
    writer = await openWriter(row);
    await change(database, id, { generator: writer.generator });
    const store = new DatasetStore(database);
    const run = await openRun(database, row);
    const started = performance.now();
    let tokens = 0;
    let latest = row;
    for (let place = row.next; place < total; place++) {
      const left = secondsLeft(started, place - row.next, total - place);
      const seconds = (performance.now() - started) / 1000;
      onProgress?.({
        stage: 'Writing questions',
        done: place,
        total,
        kept: latest.kept,
        note: await costNote(database, latest),
        ...(left !== undefined && { secondsLeft: left }),
        ...(tokens > 0 && { tokensPerSecond: tokens / seconds }),
      });
      signal.throwIfAborted();
      const before = performance.now();
      const passage = await run.passage(place);
      const written = passage ? await writer.write(passage, signal) : NO_PASSAGE;
      signal.throwIfAborted();
      latest = await commit(store, row, {
        place,
        written,
        rows: passage ? run.rows(passage, written, writer) : [],
        seconds: (performance.now() - before) / 1000,
      });
      tokens += written.tokens.prompt + written.tokens.output;
    }
    await change(database, id, { state: 'done' });
    const note = await costNote(database, latest);
    onProgress?.({ stage: 'Writing questions', done: total, total, kept: latest.kept, note });
  } catch (error) {
    if (!isAbort(error)) {
      await change(database, id, { state: 'failed', problem: toProblem(error) });
      throw error;
    }
    await change(database, id, { state: stoppedBy() === 'pause' ? 'paused' : 'cancelled' });
  } finally {
    await writer?.dispose();
  }
}

const NO_PASSAGE: WrittenPassage = {
  questions: [],
  drafts: 0,
  dropped: { 'the passage is gone': 1 },
  tokens: { prompt: 0, output: 0 },
};

interface OpenRun {
  /** Undefined: its document was removed meanwhile. */
  passage(place: number): Promise<SourcePassage | undefined>;
  rows(passage: SourcePassage, written: WrittenPassage, writer: PassageWriter): NewExample[];
}

async function openRun(database: AttuneDatabase, row: GenerationRow): Promise<OpenRun> {
  const { chunks, documents, examples } = database;
  const inWorkspace = await documents.where('workspaceId').equals(row.workspaceId).toArray();
  const byId = new Map(inWorkspace.map((document) => [document.id, document]));
  const placed: PlacedChunk[] = [];
  for (let at = 0; at < row.chunkIds.length; at += 500) {
    for (const chunk of await chunks.bulkGet(row.chunkIds.slice(at, at + 500))) {
      const document = chunk && byId.get(chunk.documentId);
      if (!document) continue;
      placed.push({ chunkId: chunk.id, documentKey: document.path, headings: chunk.headings, passage: chunk.text });
    }
  }
  const existing = await examples.where('datasetId').equals(row.datasetId).toArray();
  const dataset = await database.datasets.get(row.datasetId);
  const { parts, by } = partsOf(placed, existing, dataset);
  // The rule against leaks and the data card go by what was kept together.
  if (dataset && dataset.split?.['by'] !== 'file') {
    await database.datasets.update(row.datasetId, { split: { ...splitValues(dataset), by } });
  }
  const splitOf = (chunkId: string): DatasetSplit => parts.get(chunkId) ?? 'train';
  return {
    async passage(place) {
      const chunk = await chunks.get(row.chunkIds[place]!);
      const document = chunk && byId.get(chunk.documentId);
      if (!document) return undefined;
      const nextTo = (ordinal: number) =>
        chunks.where('[documentId+ordinal]').equals([chunk.documentId, ordinal]).first();
      const other = (await nextTo(chunk.ordinal + 1)) ?? (await nextTo(chunk.ordinal - 1));
      return {
        chunk,
        documentKey: document.path,
        place,
        ...(other && { other }),
        ...(document.language && { language: document.language }),
      };
    },
    rows: ({ chunk, documentKey, language }, { questions }, { generator, promptVersion }) =>
      questions.map((question) => ({
        ...question,
        split: splitOf(chunk.id),
        passage: chunk.text,
        headings: chunk.headings,
        documentKey,
        chunkId: chunk.id,
        negatives: [],
        ...(language && { language }),
        provenance: { origin: row.method, generator, seed: row.seed, ...(promptVersion && { promptVersion }) },
      })),
  };
}

async function commit(
  store: DatasetStore,
  { id, datasetId }: GenerationRow,
  { place, written, rows, seconds }: { place: number; written: WrittenPassage; rows: NewExample[]; seconds: number },
): Promise<GenerationRow> {
  const { generations, datasets, examples, datasetVersions } = store.db;
  return store.db.transaction('rw', generations, datasets, examples, datasetVersions, async () => {
    const row = await generations.get(id);
    if (!row) throw gone('The run that wrote questions');
    // Somebody else has written this passage meanwhile: two owners must not double its rows.
    if (row.next !== place) throw new DOMException('The run goes on elsewhere.', 'AbortError');
    const dropped = { ...row.dropped };
    for (const [reason, count] of Object.entries(written.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    const { tokens } = written;
    const changed: GenerationRow = {
      ...row,
      next: place + 1,
      drafts: row.drafts + written.drafts,
      kept: row.kept + rows.length,
      dropped,
      tokens: {
        ...row.tokens,
        ...tokens,
        prompt: row.tokens.prompt + tokens.prompt,
        output: row.tokens.output + tokens.output,
      },
      seconds: row.seconds + seconds,
      updatedAt: Date.now(),
    };
    await generations.put(changed);
    if (rows.length > 0) await store.append(datasetId, rows);
    else await store.dataset(datasetId);
    return changed;
  });
}

/** Read anew for every passage: a price that is typed in meanwhile counts for all that was read. */
async function costNote({ settings }: AttuneDatabase, run: GenerationRow): Promise<string | undefined> {
  if (run.hosted === undefined) return undefined;
  return costStory(run, priceTable((await settings.get(PRICES_SETTING))?.value));
}

function change(database: AttuneDatabase, id: string, changes: Partial<GenerationRow>): Promise<unknown> {
  return database.generations.update(id, { ...changes, updatedAt: Date.now() });
}

function secondsLeft(started: number, done: number, left: number): number | undefined {
  if (done <= WARM_UP) return undefined;
  return ((performance.now() - started) / 1000 / done) * left;
}

function gone(what: string): AttuneError {
  return new AttuneError('generate/gone', `${what} is not there any more.`, 'Start a new one.');
}
