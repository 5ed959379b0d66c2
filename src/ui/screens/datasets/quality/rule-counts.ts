import type { ExampleRow } from '../../../../storage/schema.ts';

/** What a rule found in the rows as they are stored. */
export interface RuleCounts {
  passed: number;
  failed: number;
  /** What the rule needs was not there. */
  unknown: number;
  /** Out of use because of it, and not accepted all the same. */
  removed: number;
}

/** Of all rules that looked at any row. */
export function ruleCounts(rows: readonly ExampleRow[]): ReadonlyMap<string, RuleCounts> {
  const counts = new Map<string, RuleCounts>();
  const of = (rule: string) => {
    let found = counts.get(rule);
    if (!found) counts.set(rule, (found = { passed: 0, failed: 0, unknown: 0, removed: 0 }));
    return found;
  };
  for (const { quality, removedBy, review } of rows) {
    for (const { rule, verdict } of quality?.findings ?? []) of(rule)[verdict]++;
    if (removedBy !== undefined && review === undefined) of(removedBy).removed++;
  }
  return counts;
}
