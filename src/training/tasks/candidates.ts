import type { Tokens } from '../../engine/training/batches.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import type { PoolPassage } from '../examples.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import { ShownPassages, placesOf, withPriors, type RankingSettings } from './shown-passages.ts';
import { embeddingSeconds } from './embedding-time.ts';
import type { LoadedEncoder } from './encoder.ts';
import { FirstStage } from './first-stage.ts';
import { embeddedInParts, miningPool, neighbours } from './mining.ts';
import type { RetrievalJudge } from './retrieval-judge.ts';
import { createSearchEncoder } from './search-encoder.ts';
import type { TaskInput } from './task.ts';
import type { Encode } from './text-form.ts';

/** A passage to be put in order. */
export interface Candidate {
  passage: PoolPassage;
  /** Its place in the pool that it was found in. */
  place: number;
  /** What the search thinks of it, in log-odds. */
  prior: number;
}

export interface RankingCandidates {
  /** For each training example the right passage, then wrong ones. */
  train: Candidate[][];
  /** For each validation question what the search finds in the judge's pool, best first. */
  validation: Candidate[][];
  /** What finding them would take, where a probe has left it out. */
  secondsBefore?: number;
}

/** Places and priors, as they are remembered for a run that goes on. */
type Places = [place: number, prior: number][][];

const MEMO = 'candidates';

/**
 * What a ranking model is shown: passages that the search before it finds. Wrong ones are a random sample of what it will
 * have to put in order, and not the nearest below the right one: those above it are what there is to learn. A passage
 * that {@link NegativeGuard} takes for a right one is no wrong one; those that the data set names come first.
 *
 * @throws AttuneError `engine/out-of-memory`
 */
export async function rankingCandidates(
  input: TaskInput,
  train: readonly ExampleRow[],
  encoder: LoadedEncoder,
  judge: RetrievalJudge,
  settings: RankingSettings,
): Promise<RankingCandidates> {
  const pool = await poolOf(input);
  const places = input.probing ? standIns() : await remembered();
  const of = (from: readonly PoolPassage[], lists: Places) =>
    lists.map((list) => list.map(([place, prior]): Candidate => ({ passage: from[place]!, place, prior })));
  const found = { train: of(pool, places.train), validation: of(judge.pool, places.validation) };
  return input.probing ? { ...found, secondsBefore: await searching() } : found;

  async function poolOf(from: TaskInput): Promise<PoolPassage[]> {
    const named = train.flatMap(({ negatives }) => negatives.map((text) => ({ text, headings: [], documentKey: '' })));
    return distinctTexts([...(await miningPool(from, settings, train)), ...named]);
  }

  /** Seconds; the encoder is gone before the ranking model comes, as in a run. */
  async function searching(): Promise<number> {
    // A probe leaves the workspace alone; what would be embedded of it counts.
    const whole = await poolOf({ ...input, probing: false });
    const questions = [...train, ...judge.asked].map(({ question }) => question);
    const search = createSearchEncoder(encoder, input.runtime, input.seed, await input.searchAdapter?.());
    try {
      const encode: Encode<Tokens> = (tokens, signal, kind) => search.encode(tokens, kind, signal);
      const all = { questions, passages: [...whole, ...judge.pool] };
      return await embeddingSeconds(all, encoder.texts, encode, input.signal);
    } finally {
      await search.dispose();
    }
  }

  function standIns(): { train: Places; validation: Places } {
    const right = placesOf(pool);
    const own = ({ passage: text, headings }: (typeof train)[number]) => right.get(passageText({ text, headings }))!;
    const some = (count: number): Places[number] => Array.from({ length: count }, (_, place) => [place, 0]);
    return {
      train: train.map((example) => {
        const place = own(example);
        return [place, ...neighbours(place, pool.length, settings.hardNegatives)].map((p) => [p, 0]);
      }),
      validation: judge.asked.map(() => some(Math.min(settings.candidates, judge.pool.length))),
    };
  }

  async function remembered(): Promise<{ train: Places; validation: Places }> {
    const known = input.memo?.get(MEMO) as { pool: number; train: Places; validation: Places } | undefined;
    if (known?.pool === pool.length && known.train.length === train.length) return known;
    const found = await searched();
    await input.memo?.set(MEMO, { pool: pool.length, ...found });
    return found;
  }

  async function searched(): Promise<{ train: Places; validation: Places }> {
    const { texts } = encoder;
    const adapter = await input.searchAdapter?.();
    const search = createSearchEncoder(encoder, input.runtime, input.seed, adapter);
    try {
      const embedded = (questions: readonly string[], passages: readonly PoolPassage[]) =>
        embeddedInParts(
          input,
          [questions.map((question) => texts.query(question)), passages.map((passage) => texts.passage(passage))],
          (tokens, signal, kind) => search.encode(tokens, kind, signal),
        );
      const questions = train.map(({ question }) => question);
      const [queries, passages] = await embedded(questions, pool);
      const stage = await FirstStage.of(pool, passages, adapter);
      const asked = judge.asked.map(({ question }) => question);
      const [askedVectors, judged] = await embedded(asked, judge.pool);
      const judgeStage = await FirstStage.of(judge.pool, judged, adapter);
      const chosen = new ShownPassages(train, pool, settings, input.seed);
      return {
        train: train.map((_, i) => {
          const right = chosen.needed(i);
          return chosen.of(i, stage.find(questions[i]!, row(queries, i, train.length), settings.candidates, right));
        }),
        validation: asked.map((question, q) =>
          withPriors(judgeStage.find(question, row(askedVectors, q, asked.length), settings.candidates), settings),
        ),
      };
    } finally {
      await search.dispose();
    }
  }
}

function distinctTexts(passages: readonly PoolPassage[]): PoolPassage[] {
  const places = placesOf(passages.toReversed());
  return passages.filter((passage, i) => places.get(passageText(passage)) === passages.length - 1 - i);
}

/** @param vectors [count, dimensions] */
function row(vectors: Float32Array, index: number, count: number): Float32Array {
  const size = vectors.length / count;
  return vectors.subarray(index * size, (index + 1) * size);
}
