import type { Tokens } from '../../engine/training/batches.ts';
import type { Validation } from '../../engine/training/train-options.ts';
import { mean, recallAtK, reciprocalRank } from '../../evaluation/metrics/ranking.ts';
import { distinctPassages, exampleText, sample, type PoolPassage, type TrainingExamples } from '../examples.ts';
import { NegativeGuard } from '../negative-guard.ts';
import { dot } from '../negatives.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import type { TaskInput } from './task.ts';
import type { TextForm } from './text-form.ts';
import { workspaceShare } from './workspace-share.ts';

/** The judge of a run, by its settings. The workspace is read only where the data set leaves room in the pool. */
export async function createRetrievalJudge<Text extends { length: number }>(
  input: Pick<TaskInput, 'memo' | 'seed' | 'workspacePassages'>,
  { validationLimit, validationPool }: { validationLimit: number; validationPool: number },
  { train, validation }: TrainingExamples,
  texts: TextForm<Text>,
): Promise<RetrievalJudge<Text>> {
  const { seed } = input;
  const asked = sample(validation, validationLimit, seed);
  const guard = new NegativeGuard(validation);
  const isWrong = (passage: PoolPassage) => asked.every((row) => guard.reason(row, passage) === undefined);
  const fillers = (chosen: readonly PoolPassage[], from: readonly PoolPassage[]) => {
    const known = new Set(chosen.map(passageText));
    const others = from.filter((passage) => !known.has(passageText(passage)));
    return sample(others, Math.max(0, validationPool - chosen.length), seed).filter(isWrong);
  };
  const own = distinctPassages(validation);
  const pool = [...own, ...fillers(own, distinctPassages(train))];
  const isFull = pool.length >= validationPool;
  const more = isFull ? [] : await workspaceShare(input, 'judged passages', (all) => fillers(pool, all));
  return new RetrievalJudge(asked, [...pool, ...more], validation, texts);
}

/**
 * Scores a search model on questions of the validation part: each has to find its passage among those of the other
 * questions, of the training part and, where there is still room, of the workspace, as a search over it has to; the last
 * two are fixed samples. Passages of the test part are not among them, nor what most likely answers a question unmarked.
 */
export class RetrievalJudge<Text extends { length: number } = Tokens> {
  readonly asked: readonly ExampleRow[];
  readonly questions: readonly Text[];
  readonly pool: readonly PoolPassage[];
  /** The pool as the model is given it. */
  readonly passages: readonly Text[];
  /** Right passages of each question, as indices into the pool. */
  readonly right: readonly ReadonlySet<number>[];

  constructor(
    asked: readonly ExampleRow[],
    pool: readonly PoolPassage[],
    validation: readonly ExampleRow[],
    texts: TextForm<Text>,
  ) {
    this.asked = asked;
    this.pool = pool;
    const places = new Map(pool.map((passage, i) => [passageText(passage), i]));
    this.questions = asked.map(({ question }) => texts.query(question));
    this.passages = pool.map((passage) => texts.passage(passage));
    // The same question may stand in several rows, with a passage each.
    this.right = asked.map(
      ({ question }) =>
        new Set(validation.flatMap((row) => (row.question === question ? places.get(exampleText(row))! : []))),
    );
  }

  /** Of all texts, in what they are made of. */
  get length(): number {
    return [...this.questions, ...this.passages].reduce((sum, { length }) => sum + length, 0);
  }

  /** @param questions unit vectors [questions, dimensions]; @param pool unit vectors [pool, dimensions] */
  score(questions: Float32Array, pool: Float32Array): Omit<Validation, 'step'> {
    return this.scoreRankings(this.rankings(questions, pool));
  }

  /** For each question the pool in order, best first. */
  rankings(questions: Float32Array, pool: Float32Array): number[][] {
    const dimensions = questions.length / this.questions.length;
    return this.questions.map((_, q) => {
      const query = questions.subarray(q * dimensions, (q + 1) * dimensions);
      const scores = this.pool.map((_, p) => dot(query, pool.subarray(p * dimensions, (p + 1) * dimensions)));
      return scores.map((_, p) => p).sort((a, b) => scores[b]! - scores[a]! || a - b);
    });
  }

  /** @param rankings for each question places in the pool, best first; what is missing was not found */
  scoreRankings(rankings: readonly (readonly number[])[]): Omit<Validation, 'step'> {
    const over = (metric: (ranked: readonly number[], right: ReadonlySet<number>) => number) =>
      mean(rankings.map((ranked, q) => metric(ranked, this.right[q]!)));
    return {
      score: over((ranked, right) => reciprocalRank(ranked.slice(0, 10), right)),
      figures: {
        'recall@1': over((ranked, right) => recallAtK(ranked, right, 1)),
        'recall@5': over((ranked, right) => recallAtK(ranked, right, 5)),
      },
    };
  }
}
