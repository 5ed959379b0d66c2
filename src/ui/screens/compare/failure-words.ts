import type { EvaluationScoreRow } from '../../../storage/schema.ts';

export type Failure = NonNullable<EvaluationScoreRow['failure']>;

interface FailureInfo {
  failure: Failure;
  label: string;
  /** What it means and where to look. */
  help: string;
}

/** From the search to the answer, the order in which things go wrong. */
export const failures: readonly FailureInfo[] = [
  {
    failure: 'notRetrieved',
    label: 'Not found',
    help: 'The right passage is not among those found. A better search model helps.',
  },
  {
    failure: 'rankedLow',
    label: 'Found, but too low',
    help: 'The right passage was found and stands too far down to be read. A ranking model helps.',
  },
  {
    failure: 'wrongFromRight',
    label: 'Wrong from the right passage',
    help: 'The answer model had the right passage and answered wrongly. A better answer model helps.',
  },
  {
    failure: 'unsupported',
    label: 'Unsupported',
    help: 'The answer says what no passage says.',
  },
  {
    failure: 'refused',
    label: 'Declined',
    help: 'The answer model said that nothing fits, and something did.',
  },
];

export function failureLabel(failure: Failure | undefined): string {
  return failures.find((info) => info.failure === failure)?.label ?? 'Right';
}
