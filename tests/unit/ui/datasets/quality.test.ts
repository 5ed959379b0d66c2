import { expect, test } from 'vitest';
import type { ExampleRow, QualityFinding } from '../../../../src/storage/schema.ts';
import { reasonInShort } from '../../../../src/ui/screens/datasets/quality/findings.ts';
import { ruleCounts } from '../../../../src/ui/screens/datasets/quality/rule-counts.ts';

const finding = (rule: string, verdict: QualityFinding['verdict'], reason = rule): QualityFinding => ({
  ...{ rule, verdict, reason },
});
const row = (findings: QualityFinding[], changes: Partial<ExampleRow> = {}) =>
  ({ quality: { score: 0.5, findings }, ...changes }) as ExampleRow;

test('counts what each rule found, and as removed only what nobody decided on', () => {
  const failed = [finding('length', 'failed'), finding('support', 'unknown')];
  const counts = ruleCounts([
    row(failed, { removedBy: 'length' }),
    row(failed, { removedBy: 'length', review: 'accepted' }),
    row([finding('length', 'passed')]),
    {} as ExampleRow,
  ]);
  expect(counts.get('length')).toEqual({ passed: 1, failed: 2, unknown: 0, removed: 1 });
  expect(counts.get('support')).toEqual({ passed: 0, failed: 0, unknown: 2, removed: 0 });
});

test('the reason shown is that of the rule that took the row out', () => {
  const findings = [finding('length', 'failed', 'too long'), finding('support', 'failed', 'not in the passage')];
  expect(reasonInShort(row(findings, { removedBy: 'support' }))).toBe('not in the passage');
  expect(reasonInShort(row(findings))).toBe('too long');
  expect(reasonInShort(row([finding('length', 'passed')]))).toBe('');
});
