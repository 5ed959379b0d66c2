import { valuesOf } from '../../settings/knob.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import { NegativeGuard } from '../../training/negative-guard.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import type { DatasetProgress, FoundPassage, MiningOptions, MiningReport, SearchPassages } from '../contract.ts';
import { inUse, isUnanswerable } from '../in-use.ts';
import { MINING_KNOBS } from '../settings.ts';
import type { DatasetStore } from '../store.ts';
import { addVersion } from '../versions.ts';

/** Questions searched in one go. */
const BATCH = 16;
/** Candidates for each negative wanted, and at least. */
const SPARE = 10;
const LEAST = 30;

export interface MiningParts {
  search: SearchPassages;
  onProgress?: (progress: DatasetProgress) => void;
  signal?: AbortSignal;
}

/**
 * Fills the negatives of the rows in use for training and validation with what the workspace's search puts near the
 * right passage and what is not right. Passages of the test part's documents are never among them. A row for which
 * nothing is found keeps those that it has; a version of before is kept.
 *
 * @throws DOMException AbortError; then nothing was stored
 */
export async function mineDataset(
  store: DatasetStore,
  datasetId: string,
  options: MiningOptions,
  { search, onProgress, signal }: MiningParts,
): Promise<MiningReport> {
  const all = await store.rows(datasetId);
  const rows = all.filter((row) => row.split !== 'test' && inUse(row) && !isUnanswerable(row));
  const miner = new Miner(all, options);
  const mined = new Map<string, string[]>();
  for (let at = 0; at < rows.length; at += BATCH) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'Looking for hard negatives', done: at, total: rows.length });
    const batch = rows.slice(at, at + BATCH);
    const found = await search(
      batch.map(({ question }) => question),
      miner.depth,
    );
    batch.forEach((row, i) => {
      const chosen = miner.choose(row, found[i]!);
      if (chosen.length > 0) mined.set(row.id, chosen);
    });
  }
  signal?.throwIfAborted();
  await store.change(datasetId, async (dataset) => {
    const put = (await store.rows(datasetId)).flatMap((row) => {
      const negatives = mined.get(row.id);
      return negatives && row.split !== 'test' ? [{ ...row, negatives }] : [];
    });
    if (put.length === 0) return {};
    const kept = await addVersion(store, dataset, 'before hard negatives were looked for');
    return { put, dataset: { version: kept + 1 } };
  });
  const filled = rows.map((row) => mined.get(row.id) ?? row.negatives).filter(({ length }) => length > 0);
  return {
    rows: rows.length,
    filled: filled.length,
    negatives: filled.reduce((sum, { length }) => sum + length, 0),
    passedOver: miner.passedOver,
  };
}

/** Chooses among candidates, and counts why others were passed over. */
class Miner {
  readonly depth: number;
  readonly passedOver = { right: 0, sameDocument: 0, nearDuplicate: 0, holdsAnswer: 0, tooSimilar: 0, testPart: 0 };
  readonly #options: Required<MiningOptions>;
  readonly #guard: NegativeGuard;
  readonly #testTexts: ReadonlySet<string>;
  readonly #testDocuments: ReadonlySet<string>;

  constructor(rows: readonly ExampleRow[], options: MiningOptions) {
    this.#options = valuesOf(MINING_KNOBS, { ...options });
    this.depth = Math.max(LEAST, this.#options.count * SPARE);
    this.#guard = new NegativeGuard(rows);
    const test = rows.filter(({ split }) => split === 'test');
    const trained = new Set(rows.filter(({ split }) => split !== 'test').map(({ documentKey }) => documentKey));
    this.#testTexts = new Set(test.map(({ headings, passage }) => passageText({ headings, text: passage })));
    // Where a data set is split by passage, documents lie in several parts, and passages alone can be kept apart.
    this.#testDocuments = new Set(test.map(({ documentKey }) => documentKey).filter((key) => !trained.has(key)));
  }

  choose(row: ExampleRow, found: readonly FoundPassage[]): string[] {
    const limit = this.#limitOf(row, found);
    const chosen: string[] = [];
    for (const passage of found) {
      if (chosen.length === this.#options.count) break;
      const reason = this.#reason(row, passage, limit);
      // With its headings, as the right passage has its own: else the form alone would tell them apart.
      const text = passageText(passage);
      if (reason) this.passedOver[reason]++;
      else if (!chosen.includes(text)) chosen.push(text);
    }
    return chosen;
  }

  #reason(row: ExampleRow, passage: FoundPassage, limit: number): keyof MiningReport['passedOver'] | undefined {
    if (passage.chunkId === row.chunkId) return 'right';
    const guarded = this.#guard.reason(row, passage);
    if (guarded) return guarded;
    if (this.#testDocuments.has(passage.documentKey) || this.#testTexts.has(passageText(passage))) return 'testPart';
    if (!this.#options.sameDocument && passage.documentKey === row.documentKey) return 'sameDocument';
    // Found by words alone, it lies below all that the model found.
    return (passage.similarity ?? -1) >= limit ? 'tooSimilar' : undefined;
  }

  /**
   * A share of the right passage's similarity (the margin of NV-Retriever, Moreira et al. 2024). Where the search did
   * not find that passage, all that it found comes nearer, and nothing is safe; where the passage is no part of the
   * workspace, nothing is known and nothing forbidden.
   */
  #limitOf(row: ExampleRow, found: readonly FoundPassage[]): number {
    const right = found.filter(
      (passage) => passage.chunkId === row.chunkId || this.#guard.right(row).has(passageText(passage)),
    );
    const similarities = right.flatMap(({ similarity }) => similarity ?? []);
    if (similarities.length > 0) return this.#options.margin * Math.max(...similarities);
    return row.chunkId === undefined ? Infinity : -Infinity;
  }
}
