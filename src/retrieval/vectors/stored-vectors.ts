import type { AttuneDatabase } from '../../storage/database.ts';
import type { Embedder } from '../contract.ts';
import type { FileSpace } from '../files/random-access.ts';
import { rowId, VectorStore } from './vector-store.ts';

/** Vectors that the index of a workspace has of these passages, by hash; none where it has no index by this embedder. */
export async function storedVectors(
  database: AttuneDatabase,
  files: FileSpace,
  workspaceId: string,
  { id: embedderId, dimensions }: Pick<Embedder, 'id' | 'dimensions'>,
  hashes: readonly string[],
): Promise<Map<string, Float32Array>> {
  const row = await database.vectorIndexes.get(rowId({ workspaceId, embedderId }));
  if (row?.dimensions !== dimensions) return new Map();
  const { index } = await VectorStore.open(database, files, row);
  return index.vectors(hashes);
}
