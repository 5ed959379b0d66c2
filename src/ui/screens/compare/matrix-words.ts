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

/** Configurations that no other one surpasses as shown; none where a metric has no better end, or all are alike. */
export function bestOf(cells: readonly Cell[], { better, unit }: MetricDescription): ReadonlySet<string> {
  if (better === 'neither' || cells.length < 2) return new Set();
  const shown = (cell: Cell) => metricText(cell.mean, unit);
  const top = cells.reduce((a, b) => ((better === 'higher' ? b.mean > a.mean : b.mean < a.mean) ? b : a));
  const best = cells.filter((cell) => shown(cell) === shown(top));
  return new Set(best.length === cells.length ? [] : best.map(({ configurationId }) => configurationId));
}

export interface DifferenceWords {
  verdict: 'better' | 'worse' | 'unsure';
  /** "+0.196 better", "−0.02 unclear". */
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
    text: `${signed(mean, unit)} ${word}`,
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
