import type { ExampleRow, QualityFinding } from '../../storage/schema.ts';
import type { DatasetProgress, Entailment, RuleSettings, SearchPassages } from '../contract.ts';
import { isRuleOn, QUALITY_RULES, RULE_KEYS, ruleKnobs, type QualityRuleKey } from '../settings.ts';
import type { CheckedRow, Judge } from './rule.ts';
import { language } from './rules/language.ts';
import { leakage } from './rules/leakage.ts';
import { length } from './rules/length.ts';
import { nearDuplicate } from './rules/near-duplicate.ts';
import { roundTrip } from './rules/round-trip.ts';
import { selfContained } from './rules/self-contained.ts';
import { support } from './rules/support.ts';
import { wellFormed } from './rules/well-formed.ts';

const JUDGES: { [K in QualityRuleKey]: Judge<K> } = {
  wellFormed,
  length,
  language,
  selfContained,
  support,
  roundTrip,
  nearDuplicate,
  leakage,
};

export interface QualityOptions {
  /** Settings of the data set; absent: the defaults. */
  rules?: RuleSettings;
  /** Only these rules; absent: all. */
  only?: readonly QualityRuleKey[];
  /** Absent: the round trip stays unknown, or what an earlier check found. */
  search?: SearchPassages;
  /** Absent: what words cannot tell stays unknown. */
  entails?: Entailment;
  /** How the data set was split (`SPLIT_KNOBS.by`); absent: by document. */
  splitBy?: string;
  onProgress?: (progress: DatasetProgress) => void;
  signal?: AbortSignal;
}

/** What all rules together say of a row. */
export type Judged = Required<Pick<ExampleRow, 'quality'>> & Pick<ExampleRow, 'removedBy'>;

/**
 * Lets the quality rules look at rows, in their order: a rule that compares rows leaves those out that an earlier one
 * took out. Rows of the test part get findings and are never taken out: whoever chooses test questions by what a search
 * finds chooses the score.
 *
 * @returns for each row its findings, its score and the first rule that takes it out
 * @throws DOMException AbortError
 */
export async function applyRules(rows: readonly CheckedRow[], options: QualityOptions = {}): Promise<Judged[]> {
  const keys = RULE_KEYS.filter((key) => options.only?.includes(key) ?? true);
  const findings = rows.map((): QualityFinding[] => []);
  const removedBy = rows.map((): QualityRuleKey | undefined => undefined);
  for (const [done, key] of keys.entries()) {
    const report = reporter(options, key, rows.length, done / keys.length, 1 / keys.length);
    report(0);
    const judged = await judgesOf(key)(rows, {
      knobs: ruleKnobs(options.rules, key),
      isOut: (i) => removedBy[i] !== undefined && rows[i]!.review !== 'accepted',
      search: options.search,
      entails: options.entails,
      splitBy: options.splitBy ?? 'document',
      progress: report,
    });
    judged.forEach((finding, i) => {
      findings[i]!.push({ rule: key, ...finding });
      const takesOut = finding.verdict === 'failed' && isRuleOn(options.rules, key) && rows[i]!.split !== 'test';
      if (takesOut) removedBy[i] ??= key;
    });
  }
  return rows.map((_, i) => {
    const by = removedBy[i];
    return { quality: { score: scoreOf(findings[i]!), findings: findings[i]! }, ...(by && { removedBy: by }) };
  });
}

/** Mean of what rules could tell; 1 where none could. */
export function scoreOf(findings: readonly QualityFinding[]): number {
  const scores = findings.flatMap(({ score }) => score ?? []);
  return scores.length === 0 ? 1 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** The types of a rule's knobs and of its judge agree by key, which the compiler cannot follow through a variable. */
function judgesOf(key: QualityRuleKey): Judge<QualityRuleKey> {
  return JUDGES[key] as Judge<QualityRuleKey>;
}

/** Progress over all rules, as if each took as long as the others. */
function reporter(
  { onProgress, signal }: QualityOptions,
  key: QualityRuleKey,
  rows: number,
  before: number,
  share: number,
): (done: number) => void {
  const stage = QUALITY_RULES[key].label;
  let last = -1;
  return (done) => {
    signal?.throwIfAborted();
    const all = Math.round(rows * (before + (share * done) / Math.max(1, rows)));
    if (all !== last) onProgress?.({ stage, done: (last = all), total: rows });
  };
}
