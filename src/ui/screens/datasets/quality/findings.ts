import type { ExampleRow, QualityFinding } from '../../../../storage/schema.ts';

/** Why a row is doubtful, in one line: the rule that took it out, else the first one that it failed. */
export function reasonInShort({ quality, removedBy }: ExampleRow): string {
  const failed = failedFirst(quality?.findings ?? []);
  const culprit = failed.find(({ rule }) => rule === removedBy) ?? failed[0];
  return culprit?.verdict === 'failed' ? culprit.reason : '';
}

/** Failed ones first, then what could not be told, then what held. */
export function failedFirst(findings: readonly QualityFinding[]): QualityFinding[] {
  const order = { failed: 0, unknown: 1, passed: 2 };
  return findings.toSorted((a, b) => order[a.verdict] - order[b.verdict]);
}
