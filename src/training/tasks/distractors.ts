import { shuffled } from '../../engine/training/random.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import { distinctPassages, type PoolPassage } from '../examples.ts';
import { NegativeGuard } from '../negative-guard.ts';

/**
 * Passages that look right and are not, for the prompts of an answer model. One that holds the answer is none, marked or
 * not: shown alone, it would teach to say that what stands there is not in the documents.
 */
export class Distractors {
  readonly #pool: readonly PoolPassage[];
  readonly #guard: NegativeGuard;

  /** @param rows whose passages are shown; what is learned must not be shown those of other parts */
  constructor(rows: readonly ExampleRow[]) {
    this.#pool = distinctPassages(rows);
    this.#guard = new NegativeGuard(rows);
  }

  /** At most `count`: those that the data set names, then those of the same document, then others. */
  of(example: ExampleRow, count: number, random: () => number): PoolPassage[] {
    const named = example.negatives.map((text) => ({ text, headings: [], documentKey: '' }));
    const pool = shuffled(this.#pool, random);
    const near = pool.filter(({ documentKey }) => documentKey === example.documentKey);
    const far = pool.filter(({ documentKey }) => documentKey !== example.documentKey);
    const chosen: PoolPassage[] = [];
    // Few are looked at: to compare every passage with every question would take minutes.
    for (const passage of [...shuffled(named, random), ...near, ...far]) {
      if (chosen.length === count) break;
      if (this.#guard.reason(example, passage) === undefined) chosen.push(passage);
    }
    return chosen;
  }
}
