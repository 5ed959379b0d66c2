import type { AttuneDatabase } from '../../storage/database.ts';
import type { ChunkRow, ChunkSignatureRow } from '../../storage/schema.ts';
import { DuplicateIndex } from './duplicate-index.ts';
import { bins, jaccard, shingles, signatureOf } from './minhash.ts';

/** Estimates of 100 bins stray by up to this much (two standard deviations at 0.8); the exact value decides. */
const slack = 0.08;

/**
 * Marks chunks that say nearly the same as an earlier chunk of the workspace. Only chunks that are no duplicates are
 * kept for comparison, so marks never form chains.
 */
export class NearDuplicates {
  readonly #db: AttuneDatabase;
  readonly #index = new DuplicateIndex();

  private constructor(db: AttuneDatabase) {
    this.#db = db;
  }

  /** Reads the signatures of all documents of the workspace. */
  static async load(db: AttuneDatabase, workspaceId: string): Promise<NearDuplicates> {
    const loaded = new NearDuplicates(db);
    await db.signatures
      .where('workspaceId')
      .equals(workspaceId)
      .each((row) => loaded.#addRow(row));
    return loaded;
  }

  /** Forgets chunks that are deleted or about to be written anew. */
  forget(chunkIds: string[]): void {
    for (const id of chunkIds) this.#index.remove(id);
  }

  /**
   * Sets `nearDuplicateOf` on the rows, which belong to one document or are left without the chunk they pointed to.
   *
   * @param similarity least Jaccard similarity of word triples, 0-1.
   * @returns signatures of those rows that are no duplicates, by chunk id; to be stored with them.
   */
  async mark(rows: ChunkRow[], similarity: number): Promise<Map<string, Uint16Array<ArrayBuffer>>> {
    const kept = new Map<string, Uint16Array<ArrayBuffer>>();
    const own = new Map(rows.map((row) => [row.id, row.text]));
    for (const row of rows) {
      delete row.nearDuplicateOf;
      const signature = signatureOf(row.text);
      if (!signature) continue;
      const original = await this.#original(row, signature, similarity, own);
      if (original !== undefined) row.nearDuplicateOf = original;
      else {
        this.#index.add(row.id, signature);
        kept.set(row.id, signature);
      }
    }
    return kept;
  }

  async #original(row: ChunkRow, signature: Uint16Array, similarity: number, own: Map<string, string>) {
    const candidates = this.#index.candidates(signature, similarity - slack);
    if (candidates.length === 0) return undefined;
    const words = shingles(row.text);
    for (const id of candidates) {
      if (id === row.id) continue;
      const text = own.get(id) ?? (await this.#db.chunks.get(id))?.text;
      if (text !== undefined && jaccard(words, shingles(text)) >= similarity) return id;
    }
    return undefined;
  }

  #addRow({ chunkIds, signatures }: ChunkSignatureRow): void {
    for (const [i, id] of chunkIds.entries()) this.#index.add(id, signatures.subarray(i * bins, (i + 1) * bins));
  }
}

/** Packs signatures as they are stored. */
export function packSignatures(
  documentId: string,
  workspaceId: string,
  kept: Map<string, Uint16Array<ArrayBuffer>>,
): ChunkSignatureRow {
  const signatures = new Uint16Array(kept.size * bins);
  for (const [i, signature] of [...kept.values()].entries()) signatures.set(signature, i * bins);
  return { documentId, workspaceId, chunkIds: [...kept.keys()], signatures };
}

/** Adds signatures to a stored row: a chunk has become an original because its own was deleted. */
export function extendSignatures(
  row: ChunkSignatureRow,
  kept: Map<string, Uint16Array<ArrayBuffer>>,
): ChunkSignatureRow {
  const known = new Map(row.chunkIds.map((id, i) => [id, row.signatures.slice(i * bins, (i + 1) * bins)]));
  return packSignatures(row.documentId, row.workspaceId, new Map([...known, ...kept]));
}
