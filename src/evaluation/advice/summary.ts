import { describeMetric } from '../metrics/catalogue.ts';
import type { MatrixTable } from '../table/contract.ts';
import { differenceOf } from '../table/look-up.ts';
import { changeText, valueText } from '../table/words.ts';
import { tuningSteps, type Part, type Step } from './steps.ts';

const SUBJECT: Record<Part, string> = {
  embedder: 'tuning the search model',
  reranker: 'a ranking model tuned on your documents',
  generator: 'tuning the answer model',
};

/**
 * What tuning bought, in a sentence: "Tuning the search model found the right passage in 24 of 100 more questions; tuning
 * the answer model adds 11 more." Only differences that are significant count; the others are said to be unclear.
 *
 * @returns '' when the matrix compares nothing tuned
 */
export function summarySentence(table: MatrixTable): string {
  const steps = tuningSteps(table);
  if (steps.length === 0) return '';
  const clauses = steps.map((step, i) => clause(step, steps[i - 1], table));
  const text = clauses.join('; ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

/** "(95 % interval 17 to 31, 200 questions)" for each step: the figures behind the sentence. */
export function summaryFigures(table: MatrixTable): string[] {
  return tuningSteps(table).map(({ part, difference: { metric, mean, low, high, n } }) => {
    const term = describeMetric(metric)?.term ?? metric;
    if (low === 0 && high === 0) return `${capital(SUBJECT[part])}: ${term} the same in each of ${n} questions.`;
    const range = `${changeText(metric, low)} to ${changeText(metric, high)}`;
    return `${capital(SUBJECT[part])}: ${term} ${changeText(metric, mean)} (95 % interval ${range}, ${n} questions).`;
  });
}

function clause({ part, difference }: Step, before: Step | undefined, table: MatrixTable): string {
  const { metric, mean, from, to, n, significant } = difference;
  const subject = SUBJECT[part];
  if (!significant) return `${subject} made no difference that ${n} questions could show`;
  const hundred = Math.round(Math.abs(mean) * 100);
  const counted = /^(hit|recall|contextRecall)@(\d+)$/.exec(metric);
  if (counted) {
    // Recall counts passages; they are questions where each has one right passage, and then the hit rate is the same.
    const hits = differenceOf(table, from, to, `hit@${counted[2]}`);
    if (hits && hits.mean !== mean) {
      return `${subject} ${mean < 0 ? 'lost' : 'found'} ${hundred} of 100${mean < 0 ? '' : ' more'} right passages`;
    }
    if (mean < 0) return `${subject} lost the right passage in ${hundred} of 100 questions`;
    // "Adds" only where the clause before counted the same thing.
    if (before?.difference.significant && before.difference.mean > 0 && before.difference.metric === metric) {
      return `${subject} adds ${hundred} more`;
    }
    return `${subject} found the right passage in ${hundred} of 100 more questions`;
  }
  if (metric === 'exactMatch' || metric === 'correctness') {
    if (mean < 0) return `${subject} made ${hundred} of 100 answers worse`;
    const what = metric === 'exactMatch' ? 'right answers' : 'right statements';
    return before ? `${subject} adds ${hundred} ${what} in 100` : `${subject} gave ${hundred} more ${what} in 100`;
  }
  const term = describeMetric(metric)?.term ?? metric;
  return `${subject} ${mean > 0 ? 'raised' : 'lowered'} ${term} by ${valueText(metric, Math.abs(mean))}`;
}

function capital(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
}
