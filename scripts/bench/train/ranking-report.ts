import { pairedDifference } from '../../../src/evaluation/metrics/bootstrap.ts';
import { interval, signedInterval, table } from '../../training/report.ts';
import type { RetrievalSet } from '../retrieval/sets.ts';
import { RANK_METRICS, type Rankings } from './rank.ts';

/** Scores of each question by each of `RANK_METRICS`. */
export function rankScores(questions: RetrievalSet['questions'], ranked: Rankings): number[][] {
  return Object.values(RANK_METRICS).map((metric) => ranked.map((ids, i) => metric(ids, questions[i]!.relevant)));
}

/** Prints each system's scores, then what it gains over the first, question by question. */
export function reportRankings(
  name: string,
  questions: RetrievalSet['questions'],
  systems: readonly (readonly [string, Rankings])[],
): void {
  const head = ['system', ...Object.keys(RANK_METRICS)];
  const scores = systems.map(([system, ranked]) => ({ system, values: rankScores(questions, ranked) }));
  console.log(`\n${name}: ${questions.length} questions; mean [95 % interval], then the gain over the first\n`);
  table(
    head,
    scores.map(({ system, values }) => [system, ...values.map(interval)]),
  );
  console.log();
  table(
    head,
    scores
      .slice(1)
      .map(({ system, values }) => [
        system,
        ...values.map((list, metric) => signedInterval(pairedDifference(list, scores[0]!.values[metric]!))),
      ]),
  );
}
