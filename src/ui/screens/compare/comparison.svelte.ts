import { figures as statistics } from '../../../evaluation/figures/client.ts';
import type { EvaluationFigures } from '../../../evaluation/figures/contract.ts';
import { toProblem, type Problem } from '../../../errors/attune-error.ts';
import { database } from '../../../storage/database.ts';
import type { EvaluationRow } from '../../../storage/schema.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';

/** While an evaluation runs its figures follow, but not with every question: intervals take seconds to compute. */
const REFRESH_MS = 4000;

type Followed = Pick<EvaluationRow, 'updatedAt' | 'state' | 'configurations' | 'exampleIds' | 'voting'>;

/**
 * Changes with what the figures are made of. Where every row is there a judge changes them in place, which their number
 * does not tell: then each step counts. Votes change none.
 */
export function stateOfRows(
  { updatedAt, state, configurations, exampleIds, voting }: Followed,
  scored: number,
  steps: number,
): string {
  const inPlace = !voting && scored >= configurations.length * exampleIds.length;
  return [scored, updatedAt, state, ...(inPlace ? [steps] : [])].join(' ');
}

/** The figures of one evaluation, following its rows. */
export class ComparisonFigures {
  readonly #id: string;
  #value = $state.raw<EvaluationFigures | null>(null);
  #problem = $state.raw<Problem | null>(null);
  #loaded = $state(false);
  #scored: LiveQuery<number>;
  #busy = false;
  #wanted = '';
  #shown = '';
  #lastAt = 0;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
    this.#scored = new LiveQuery(() => database().evaluationScores.where('evaluationId').equals(id).count(), 0);
  }

  get value(): EvaluationFigures | null {
    return this.#value;
  }
  get problem(): Problem | null {
    return this.#problem;
  }
  /** False until the first figures are there, or it is known that there are none. */
  get loaded(): boolean {
    return this.#loaded;
  }
  /** Results so far, over all configurations. */
  get scored(): number {
    return this.#scored.current;
  }

  /** Follows the rows; to be called in an effect. @param steps that its job has done @returns what ends it */
  follow(evaluation: Followed, steps = 0): () => void {
    this.#wanted = stateOfRows(evaluation, this.scored, steps);
    this.#running = evaluation.state === 'running';
    this.#schedule(this.#running ? Math.max(0, this.#lastAt + REFRESH_MS - Date.now()) : 0);
    return () => clearTimeout(this.#timer);
  }

  #schedule(wait: number): void {
    clearTimeout(this.#timer);
    if (this.#wanted !== this.#shown) this.#timer = setTimeout(() => void this.#refresh(), wait);
  }

  async #refresh(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const wanted = this.#wanted;
    try {
      this.#value = (await statistics.figures(this.#id)) ?? null;
      this.#problem = null;
    } catch (error) {
      console.error(error);
      this.#problem = toProblem(error);
    } finally {
      this.#busy = false;
      this.#loaded = true;
      this.#shown = wanted;
      this.#lastAt = Date.now();
    }
    // What stands beside “Done” is whole.
    if (this.#wanted !== wanted) this.#schedule(this.#running ? REFRESH_MS : 0);
  }
}
