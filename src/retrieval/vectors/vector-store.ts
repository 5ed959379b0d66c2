import type { AttuneDatabase } from '../../storage/database.ts';
import type { VectorIndexRow } from '../../storage/schema.ts';
import type { FileSpace } from '../files/random-access.ts';
import { VectorIndex } from './vector-index.ts';

/** Which embedder's vectors, of which workspace. */
export interface VectorStoreKey {
  workspaceId: string;
  embedderId: string;
  adapterId?: string;
  endpointId?: string;
  dimensions: number;
}

/**
 * A vector index with its row in the database. The row's `revision` tells other tabs that the files have changed; it is
 * written after them, so whoever sees the new revision finds the new vectors.
 */
export class VectorStore {
  /** Of its row: `workspaceId/embedderId`. */
  readonly id: string;
  readonly index: VectorIndex;
  #database: AttuneDatabase;
  #key: VectorStoreKey;
  #revision: number;

  private constructor(database: AttuneDatabase, key: VectorStoreKey, index: VectorIndex, revision: number) {
    this.#database = database;
    this.#key = key;
    this.id = rowId(key);
    this.index = index;
    this.#revision = revision;
  }

  static async open(database: AttuneDatabase, files: FileSpace, key: VectorStoreKey): Promise<VectorStore> {
    // The row first: at worst the files are newer than its revision, and are read once more.
    const row = await database.vectorIndexes.get(rowId(key));
    const index = await VectorIndex.open(files, await folderOf(key), key.dimensions);
    return new VectorStore(database, key, index, row?.revision ?? 0);
  }

  /** Deletes row and files: the row first, so that nobody counts on files that are going. */
  static async remove(database: AttuneDatabase, files: FileSpace, key: VectorStoreKey): Promise<void> {
    await database.vectorIndexes.delete(rowId(key));
    await files.remove(await folderOf(key));
  }

  /** Reads the files again when another tab has written them. */
  async refresh(): Promise<void> {
    const row = await this.#database.vectorIndexes.get(rowId(this.#key));
    const revision = row?.revision ?? 0;
    if (revision === this.#revision) return;
    await this.index.reload();
    this.#revision = revision;
  }

  /** @param vectors row-major [hashes.length, dimensions], rows of unit length. */
  async add(hashes: readonly string[], vectors: Float32Array): Promise<void> {
    await this.index.add(hashes, vectors);
    await this.#commit();
  }

  async erase(hashes: readonly string[]): Promise<void> {
    await this.index.erase(hashes);
    await this.#commit();
  }

  async #commit(): Promise<void> {
    const { workspaceId, embedderId, adapterId, endpointId, dimensions } = this.#key;
    await this.#database.vectorIndexes.put({
      id: rowId(this.#key),
      workspaceId,
      embedderId,
      ...(adapterId !== undefined && { adapterId }),
      ...(endpointId !== undefined && { endpointId }),
      dimensions,
      count: this.index.size,
      revision: ++this.#revision,
      updatedAt: Date.now(),
    } satisfies VectorIndexRow);
  }
}

export function rowId({ workspaceId, embedderId }: Pick<VectorStoreKey, 'workspaceId' | 'embedderId'>): string {
  return `${workspaceId}/${embedderId}`;
}

/** An embedder's id may hold anything; a folder's name may not. */
async function folderOf({ workspaceId, embedderId }: VectorStoreKey): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(embedderId));
  const name = Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${workspaceId}/${name}`;
}
