import type { EvaluationRow } from '../storage/schema.ts';

/** What a stopped evaluation becomes. One that is voted on was done before: without its votes it is done again. */
export function stoppedAs(
  { voting }: Pick<EvaluationRow, 'state' | 'voting'>,
  state: 'paused' | 'cancelled',
): Pick<Partial<EvaluationRow>, 'state' | 'voting'> {
  return voting && state === 'cancelled' ? { state: 'done', voting: undefined } : { state };
}
