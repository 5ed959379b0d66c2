import type { Problem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { ChunkRow } from '../storage/schema.ts';
import type { IndexedPassage } from './catalog.ts';
import type { Embedder, RankInList, Reranker, SearchHit, SearchRequest, SearchResult } from './contract.ts';
import { fuse, type Fused, type Scored } from './fusion.ts';
import { groupHits, joinedText, withoutNearDuplicates } from './hits.ts';
import { matchedWords } from './lexical/analyzer.ts';
import { passageText } from './passage-text.ts';
import { withSearchScores } from './reranker/with-search-scores.ts';
import type { RetrievalSettings } from './settings.ts';
import { orProblem } from './workspace-embedders.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** Near-duplicates, neighbours and chunks deleted a moment ago fall away: this many times the hits wanted are looked at. */
const SPARE = 4;

/** A candidate with its chunk, as it goes through reranking and grouping. */
interface Candidate extends Fused<IndexedPassage> {
  chunk: ChunkRow;
  rerank?: RankInList;
}

export interface SearchParts {
  database: AttuneDatabase;
  index: WorkspaceIndex;
  embedder: Embedder | undefined;
  /** Why there is no embedder, where one was wanted. */
  problem: Problem | undefined;
  reranker: Reranker | undefined;
  settings: RetrievalSettings;
  signal: AbortSignal | undefined;
}

/**
 * From a question to hits: both lists, joined; reranked; without near-duplicates; neighbours merged.
 *
 * @throws DOMException AbortError when `signal` says so before or while passages are reranked
 */
export async function searchIndex(parts: SearchParts, request: SearchRequest): Promise<SearchResult> {
  const { index, embedder, settings, signal } = parts;
  const clock = new Stopwatch();
  const query = request.query.trim();
  const wantsDense = request.mode !== 'lexical' && query !== '' && embedder && index.embedded > 0;
  // Another machine may not answer; words are here.
  const { value: vector, problem = parts.problem } = wantsDense
    ? await orProblem(() => embedder.embed([query], 'query', signal))
    : {};
  const embed = clock.lap();
  const dense = vector ? await index.dense(vector, settings.candidates, request) : [];
  const denseTime = clock.lap();
  // Without vectors there is no dense search: words answer in its place, and `chunksWithoutVector` says why.
  const wantsLexical = query !== '' && (request.mode !== 'dense' || !vector);
  const lexical = wantsLexical ? index.lexical(query, settings.candidates, settings, request) : [];
  const lexicalTime = clock.lap();

  const fused = fuse(dense, lexical, settings, await similaritiesOfOthers(index, vector, dense, lexical));
  const depth = Math.max(SPARE * request.limit, parts.reranker ? settings.rerankDepth : 0);
  const candidates = withoutNearDuplicates(await withChunks(parts.database, fused, depth));
  signal?.throwIfAborted();
  const ranked = parts.reranker ? await rerank(parts.reranker, query, candidates, settings, signal) : candidates;
  const rerankTime = clock.lap();
  const groups = groupHits(ranked, request.limit, request.mergeNeighbours ? settings.mergeLimit : 1);
  return {
    hits: groups.map(({ best, chunks }) => hit(query, best, chunks)),
    milliseconds: { embed, dense: denseTime, lexical: lexicalTime, rerank: rerankTime, total: clock.total() },
    chunksWithoutVector: index.text.catalog.size - index.embedded,
    ...(vector && embedder?.adapter && { tunedBy: embedder.adapter }),
    ...(vector && embedder?.endpoint && { sentTo: embedder.endpoint.host }),
    ...(problem && request.mode !== 'lexical' && query !== '' && { problem }),
  };
}

/** How similar the passages are that only the words found: joined by scores, they need both. */
async function similaritiesOfOthers(
  index: WorkspaceIndex,
  vector: Float32Array | undefined,
  dense: readonly Scored<IndexedPassage>[],
  lexical: readonly Scored<IndexedPassage>[],
): Promise<(passage: IndexedPassage) => number | undefined> {
  if (!vector) return () => undefined;
  const found = new Set(dense.map(({ item }) => item));
  const others = lexical.flatMap(({ item }) => (found.has(item) ? [] : [item]));
  const similarities = await index.similarities(vector, others);
  return (passage) => similarities.get(passage);
}

/** The first `depth` whose chunks are still there. */
async function withChunks(
  database: AttuneDatabase,
  fused: readonly Fused<IndexedPassage>[],
  depth: number,
): Promise<Candidate[]> {
  const top = fused.slice(0, depth);
  const chunks = await database.chunks.bulkGet(top.map(({ item }) => item.id));
  return top.flatMap((entry, i) => (chunks[i] ? [{ ...entry, chunk: chunks[i] }] : []));
}

/** The first `rerankDepth` in the order of reranker and search together, then the others as they were. */
async function rerank(
  reranker: Reranker,
  query: string,
  candidates: Candidate[],
  { rerankDepth, searchWeight }: RetrievalSettings,
  signal: AbortSignal | undefined,
): Promise<Candidate[]> {
  const top = candidates.slice(0, rerankDepth);
  const scores = await reranker.score(
    query,
    top.map(({ chunk }) => passageText(chunk)),
    signal,
  );
  const found = top.map(({ fused }) => fused.score);
  const joined = withSearchScores(scores, found, searchWeight);
  const order: Scored<Candidate>[] = top.map((item, i) => ({ item, score: joined[i]! }));
  order.sort((a, b) => b.score - a.score);
  const reranked = order.map(({ item, score }, i) => ({ ...item, rerank: { rank: i + 1, score } }));
  return [...reranked, ...candidates.slice(rerankDepth)];
}

function hit(query: string, best: Candidate, chunks: ChunkRow[]): SearchHit {
  const { document } = best.item;
  const { start, end, text } = joinedText(chunks);
  const { dense, lexical, fused, rerank } = best;
  return {
    chunkId: best.chunk.id,
    chunkIds: chunks.map(({ id }) => id),
    documentId: document.id,
    documentName: document.name,
    path: document.path,
    headings: best.chunk.headings,
    page: chunks[0]!.page,
    start,
    end,
    text,
    score: rerank?.score ?? fused.score,
    dense,
    lexical,
    fused,
    rerank,
    matchedWords: matchedWords(query, text, document.language),
  };
}

/** Milliseconds between calls. */
class Stopwatch {
  #start = performance.now();
  #last = this.#start;

  lap(): number {
    const before = this.#last;
    this.#last = performance.now();
    return this.#last - before;
  }

  total(): number {
    return performance.now() - this.#start;
  }
}
