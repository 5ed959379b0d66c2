import type { Fact } from './facts.ts';

/** A thing that experiments have set or brought about, one value for each of them; undefined: it has none. */
export interface Line {
  key: string;
  label: string;
  values: (string | undefined)[];
}

export interface SideBySide {
  /** Set to different values. */
  different: Line[];
  outcomes: Line[];
  /** Set to one value by all that have it. */
  same: Line[];
}

/** Lines up the facts of several experiments, in the order in which they come up first. */
export function sideBySide(columns: readonly (readonly Fact[])[]): SideBySide {
  const first = new Map<string, Fact>();
  for (const fact of columns.flat()) if (!first.has(fact.key)) first.set(fact.key, fact);
  const valuesOf = columns.map((facts) => new Map(facts.map(({ key, value }) => [key, value])));
  const result: SideBySide = { different: [], outcomes: [], same: [] };
  for (const { key, label, outcome } of first.values()) {
    const values = valuesOf.map((own) => own.get(key));
    const known = new Set(values.filter((value) => value !== undefined));
    result[outcome ? 'outcomes' : known.size > 1 ? 'different' : 'same'].push({ key, label, values });
  }
  return result;
}
