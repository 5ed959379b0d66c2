import { seededRandom, shuffled } from '../../engine/training/random.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { withSearchScores } from '../../retrieval/reranker/with-search-scores.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import type { PoolPassage } from '../examples.ts';
import { NegativeGuard } from '../negative-guard.ts';
import { fillAtRandom } from '../negatives.ts';
import type { TrainingSettings } from '../settings.ts';
import type { Found } from './first-stage.ts';

export type RankingSettings = TrainingSettings<'reranker'>;

/** Chooses the passages that a training question is shown: see `rankingCandidates`. */
export class ShownPassages {
  readonly #train: readonly ExampleRow[];
  readonly #pool: readonly PoolPassage[];
  readonly #settings: RankingSettings;
  readonly #seed: number;
  readonly #guard: NegativeGuard;
  readonly #places: ReadonlyMap<string, number>;

  constructor(train: readonly ExampleRow[], pool: readonly PoolPassage[], settings: RankingSettings, seed: number) {
    this.#train = train;
    this.#pool = pool;
    this.#settings = settings;
    this.#seed = seed;
    this.#guard = new NegativeGuard(train);
    this.#places = placesOf(pool);
  }

  /** Places whose scores are needed: the right passage, and wrong ones that the data set names. */
  needed(i: number): number[] {
    const { passage: text, headings, negatives } = this.#train[i]!;
    const named = negatives.map((negative) => ({ text: negative, headings: [] }));
    return [{ text, headings }, ...named].map((passage) => this.#places.get(passageText(passage))!);
  }

  of(i: number, found: readonly Found[]): [number, number][] {
    const example = this.#train[i]!;
    const { hardNegatives: count } = this.#settings;
    const [right, ...named] = this.needed(i) as [number, ...number[]];
    const priors = new Map(withPriors(found, this.#settings));
    const isWrong = (place: number) => this.#guard.reason(example, this.#pool[place]!) === undefined;
    const random = seededRandom(this.#seed, i, 0x72616e6b);
    const others = found.map(({ place }) => place).filter((place) => place !== right && !named.includes(place));
    const wrong = [...named, ...shuffled(others.filter(isWrong), random)].slice(0, count);
    fillAtRandom(wrong, count, this.#pool.length, (place) => place !== right && isWrong(place), random);
    // Drawn at random, it was not found: the search thinks nothing of it.
    return [right, ...wrong].map((place) => [place, priors.get(place) ?? 0]);
  }
}

/** Places with what the search thinks of them, in log-odds. */
export function withPriors(found: readonly Found[], { searchWeight }: RankingSettings): [number, number][] {
  const none = found.map(() => 0);
  const scores = found.map(({ score }) => score);
  const priors = withSearchScores(none, scores, searchWeight);
  return found.map(({ place }, i) => [place, priors[i]!]);
}

/** Where each text stands in a pool. */
export function placesOf(pool: readonly PoolPassage[]): Map<string, number> {
  return new Map(pool.map((passage, place) => [passageText(passage), place]));
}
