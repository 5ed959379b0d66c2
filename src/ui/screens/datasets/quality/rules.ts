import { QUALITY_RULES, type QualityRuleKey } from '../../../../datasets/settings.ts';

/** A rule's name; a data set from elsewhere may name one that is not known here. */
export function ruleLabel(rule: string): string {
  return rule in QUALITY_RULES ? QUALITY_RULES[rule as QualityRuleKey].label : rule;
}
