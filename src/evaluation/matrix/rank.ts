import type { Embedder } from '../../retrieval/contract.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { withSearchScores } from '../../retrieval/reranker/with-search-scores.ts';
import { PassageSearch, type RankedPassage, type SearchablePassage } from '../../retrieval/passage-search.ts';
import { retrievalSettings } from '../../retrieval/settings.ts';
import type { ExampleRow, PipelineModel } from '../../storage/schema.ts';
import type { Corpus } from './corpus.ts';
import type { Desk } from './desk.ts';
import type { LoadedModels } from './models.ts';
import { untuned } from './plan.ts';

/** Grows when passages are ranked in another way: results of an older one are computed anew. */
const VERSION = 1;
/** Passages embedded in one go, and kept together. */
const BLOCK = 64;

/** What a question finds, best first. */
export interface Ranking {
  passages: RankedPassage[];
  seconds: number;
  /** Where the model ran, in words. */
  device: string;
}

/** Vectors that the workspace's own index has already, by the hash of the passage. */
export type StoredVectors = (
  workspaceId: string,
  embedder: Embedder,
  hashes: readonly string[],
) => Promise<Map<string, Float32Array>>;

interface RankerParts {
  desk: Desk;
  models: LoadedModels;
  corpus: Corpus;
  workspaceId: string;
  /** What the workspace overrides: a search model's adapter brings its own weight of meaning, where it does not. */
  overrides: Readonly<Record<string, unknown>>;
  /** Passages of a ranking that are kept. */
  depth: number;
  storedVectors?: StoredVectors | undefined;
  /** For an estimate: what the workspace has an index by, see {@link indexKey}. */
  indexed?: ReadonlySet<string> | undefined;
}

/** Ranks the corpus for questions, by search models and ranking models. */
export class Ranker {
  readonly search: PassageSearch;
  readonly #parts: RankerParts;

  constructor(parts: RankerParts) {
    this.#parts = parts;
    this.search = new PassageSearch(parts.corpus.passages);
  }

  /** Meaning and words, fused as in the product. */
  async searched(model: PipelineModel, examples: readonly ExampleRow[]): Promise<Map<ExampleRow, Ranking>> {
    const { desk, models, corpus, overrides, depth } = this.#parts;
    const { identity, name, adapter } = await models.describe(model, 'embedder');
    const settings = retrievalSettings(overrides, adapter);
    const { denseWeight, fusion, rrfK, candidates, k1, b } = settings;
    const knobs = { denseWeight, fusion, rrfK, candidates, k1, b };
    let ready: Promise<{ embedder: Embedder; vectors: Float32Array[] }> | undefined;
    const found = await desk.take({
      stage: 'search',
      title: `Searching with ${name}`,
      items: examples,
      dependsOn: ({ question }) => [VERSION, corpus.hash, identity, knobs, depth, question],
      compute: async ({ question }): Promise<Ranking> => {
        ready ??= this.#vectors(model, identity, name);
        const { embedder, vectors } = await ready;
        const started = performance.now();
        const vector = await embedder.embed([question.trim()], 'query');
        const passages = this.search.rank(question, vector, vectors, settings, depth);
        return { passages, seconds: secondsSince(started), device: embedder.device };
      },
    });
    // Nothing was computed, for an estimate: without an index every passage has to be read.
    const isIndexed = this.#parts.indexed?.has(indexKey(model)) ?? false;
    if (found.size < examples.length && !isIndexed)
      await this.#embed(identity, name, distinctPassages(corpus.passages));
    return found;
  }

  /** The first `rerankDepth` of what the search found, in the order of ranking model and search as the product makes it. */
  async reranked(
    model: PipelineModel,
    found: ReadonlyMap<ExampleRow, Ranking>,
  ): Promise<Map<ExampleRow, { order: number[]; scores: number[]; seconds: number }>> {
    const { desk, models, corpus, overrides } = this.#parts;
    const { identity, name } = await models.describe(model, 'reranker');
    const { rerankDepth, searchWeight } = retrievalSettings(overrides);
    const top = (example: ExampleRow) => found.get(example)!.passages.slice(0, rerankDepth);
    const candidates = (example: ExampleRow) => top(example).map(({ passage }) => corpus.passages[passage]!.chunk);
    const searched = (example: ExampleRow) => top(example).map(({ score }) => score);
    return desk.take({
      stage: 'rerank',
      title: `Ranking with ${name}`,
      items: [...found.keys()],
      dependsOn: (example) => [
        VERSION,
        identity,
        example.question,
        candidates(example).map(({ hash }) => hash),
        searchWeight,
        searched(example),
      ],
      compute: async (example) => {
        const reranker = await models.reranker(model);
        const started = performance.now();
        const own = await reranker.score(example.question.trim(), candidates(example).map(passageText));
        const scores = withSearchScores(own, searched(example), searchWeight);
        const order = [...scores.keys()].sort((x, y) => scores[y]! - scores[x]! || x - y);
        return { order, scores, seconds: secondsSince(started) };
      },
    });
  }

  /** A vector for every passage: the workspace's where it has one, else computed, block by block, and kept. */
  async #vectors(model: PipelineModel, identity: string, name: string) {
    const { desk, models, corpus, workspaceId, storedVectors } = this.#parts;
    desk.say(`Reading ${name}`);
    const embedder = await models.embedder(model);
    const hashes = corpus.passages.map(({ chunk }) => chunk.hash);
    const known = (await storedVectors?.(workspaceId, embedder, hashes)) ?? new Map<string, Float32Array>();
    const missing = corpus.passages.filter(({ chunk }) => !known.has(chunk.hash));
    // An adapter for questions alone leaves passages as the base has them: nothing is read, or sent, a second time.
    const base = embedder.sharesIndex ? (await models.describe(untuned(model), 'embedder')).identity : identity;
    const rows = await this.#embed(base, name, distinctPassages(missing), embedder);
    for (const [hash, vector] of rows) known.set(hash, vector);
    return { embedder, vectors: hashes.map((hash) => known.get(hash)!) };
  }

  /** @param embedder absent: only what the cache knows. @returns vectors by the hash of the passage */
  async #embed(
    identity: string,
    name: string,
    passages: readonly SearchablePassage[],
    embedder?: Embedder,
  ): Promise<Map<string, Float32Array>> {
    const { desk } = this.#parts;
    const blocks: SearchablePassage[][] = [];
    for (let from = 0; from < passages.length; from += BLOCK) blocks.push(passages.slice(from, from + BLOCK));
    desk.expect('embed', blocks.length);
    const vectors = new Map<string, Float32Array>();
    await desk.take(
      {
        stage: 'embed',
        title: `Reading passages with ${name}`,
        items: blocks,
        dependsOn: (block) => [identity, block.map(({ chunk }) => chunk.hash)],
        compute: (block) =>
          embedder!.embed(
            block.map(({ chunk }) => passageText(chunk)),
            'passage',
          ),
      },
      (block, rows: Float32Array) => {
        const dimensions = rows.length / block.length;
        block.forEach(({ chunk }, i) => vectors.set(chunk.hash, rows.subarray(i * dimensions, (i + 1) * dimensions)));
      },
    );
    return vectors;
  }
}

/** What tells the indexes of a workspace apart: an endpoint's from this machine's, tuned from untuned. */
export function indexKey({ engine, modelId, adapterId }: PipelineModel): string {
  return JSON.stringify([engine === 'endpoint' ? modelId : null, adapterId ?? null]);
}

/** One of each text. */
function distinctPassages(passages: readonly SearchablePassage[]): SearchablePassage[] {
  return [...new Map(passages.map((passage) => [passage.chunk.hash, passage])).values()];
}

/** A ranking in a ranking model's order. */
export function inOrder(
  found: Ranking,
  { order, scores }: { order: readonly number[]; scores: readonly number[] },
): RankedPassage[] {
  const first = order.map((place) => ({ ...found.passages[place]!, score: scores[place]! }));
  return [...first, ...found.passages.slice(order.length)];
}

export function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
