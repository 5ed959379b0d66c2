import type { SearchHit } from '../retrieval/contract.ts';
import type { PassageSnapshot } from '../storage/schema.ts';

/** A hit as it is shown to the model and kept with the answer, numbered by its place in the list. */
export function snapshotOf(hit: SearchHit, index: number): PassageSnapshot {
  return {
    number: index + 1,
    chunkId: hit.chunkId,
    documentId: hit.documentId,
    documentName: hit.documentName,
    path: hit.path,
    headings: hit.headings,
    ...(hit.page !== undefined && { page: hit.page }),
    start: hit.start,
    end: hit.end,
    text: hit.text,
    score: hit.score,
    ...(hit.dense && { denseRank: hit.dense.rank }),
    ...(hit.lexical && { lexicalRank: hit.lexical.rank }),
  };
}
