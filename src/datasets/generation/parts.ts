import type { DatasetRow, DatasetSplit, ExampleRow } from '../../storage/schema.ts';
import { dealGroups, splitValues } from '../split.ts';

/** A passage of a run with its document. */
export interface PlacedChunk {
  chunkId: string;
  documentKey: string;
}

/**
 * The part of every passage of a run, by the id of its chunk: documents that the data set has keep theirs, the others
 * are dealt out by its seed and shares. With fewer than three documents passages are dealt out instead.
 */
export function partsOf(
  passages: readonly PlacedChunk[],
  existing: readonly Pick<ExampleRow, 'documentKey' | 'split' | 'chunkId'>[],
  dataset: Pick<DatasetRow, 'seed' | 'split'> | undefined,
): Map<string, DatasetSplit> {
  const documents = new Set(passages.map(({ documentKey }) => documentKey));
  const byPassage = documents.size < 3;
  const keyOf = (passage: PlacedChunk) => (byPassage ? passage.chunkId : passage.documentKey);
  const groups = new Map<string, Map<string, number>>();
  for (const passage of passages) {
    const key = keyOf(passage);
    groups.set(key, new Map([['', (groups.get(key)?.get('') ?? 0) + 1]]));
  }
  const known = new Map<string, DatasetSplit>();
  for (const { documentKey, chunkId, split } of existing) {
    const key = byPassage ? chunkId : documentKey;
    if (key !== undefined) known.set(key, split);
  }
  const dealt = dealGroups(groups, splitValues(dataset), known);
  return new Map(passages.map((passage) => [passage.chunkId, dealt.get(keyOf(passage))!]));
}
