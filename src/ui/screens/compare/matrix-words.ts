import type { MetricDescription } from '../../../evaluation/metrics/catalogue.ts';
import type { Cell, Difference } from '../../../evaluation/table/contract.ts';
import { count, duration } from '../../format.ts';
import { scoreText } from '../../scores.ts';

/** Figures of a matrix in words. Pure: numbers in, words out. */

export function metricText(value: number, unit: MetricDescription['unit']): string {
  switch (unit) {
    case 'share':
      return scoreText(value);
    case 'seconds':
      return duration(value);
    default:
      return (Math.abs(value) < 100 ? value.toFixed(1) : count(Math.round(value))).replace('-', '−');
  }
}

/**
 * What marks the leaders of a column: "best" where one figure leads, "joint best" where several do that the questions
 * cannot tell apart.
 */
export function leaderMark(leading: readonly Cell[], { unit }: MetricDescription): 'best' | 'joint best' {
  return new Set(leading.map(({ mean }) => metricText(mean, unit))).size > 1 ? 'joint best' : 'best';
}

export interface DifferenceWords {
  verdict: 'better' | 'worse' | 'unsure';
  /** "+0.196 better", "−0.02 unclear"; "no change" where no question's value differs. */
  text: string;
  /** With the interval, the questions and the test. */
  title: string;
}

/** A difference with its sign and a word for it, so that nobody has to tell colours or read p-values. */
export function differenceWords(change: Difference, { better, unit }: MetricDescription): DifferenceWords {
  const { mean, low, high, n, adjustedP, significant } = change;
  const improved = better === 'neither' ? undefined : better === 'higher' ? mean > 0 : mean < 0;
  const verdict = !significant || improved === undefined ? 'unsure' : improved ? 'better' : 'worse';
  const word = significant ? (improved === undefined ? 'differs' : verdict) : 'unclear';
  const interval = `${signed(low, unit)} to ${signed(high, unit)}`;
  return {
    verdict,
    text: low === 0 && high === 0 ? 'no change' : `${signed(mean, unit)} ${word}`,
    title: `95 % interval ${interval}, n = ${count(n)}, p = ${pText(adjustedP)} (sign-flip test, Holm's correction)`,
  };
}

export function signed(value: number, unit: MetricDescription['unit']): string {
  const text = metricText(Math.abs(value), unit);
  if (Number(text) === 0) return `±${text}`;
  return `${value > 0 ? '+' : '−'}${text}`;
}

function pText(p: number): string {
  return p < 0.001 ? 'below 0.001' : p.toFixed(3);
}
