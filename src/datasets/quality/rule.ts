import type { ExampleRow, QualityFinding } from '../../storage/schema.ts';
import type { Entailment, SearchPassages } from '../contract.ts';
import type { QualityRuleKey, RuleKnobs } from '../settings.ts';

/** What rules read of a row; a draft has no part yet. */
export type CheckedRow = Pick<ExampleRow, 'question' | 'answer' | 'passage' | 'headings' | 'documentKey'> &
  Partial<
    Pick<
      ExampleRow,
      'split' | 'chunkId' | 'kind' | 'language' | 'evidence' | 'morePassages' | 'provenance' | 'review' | 'quality'
    >
  >;

export interface RuleContext<K extends QualityRuleKey> {
  knobs: RuleKnobs<K>;
  /** Rows that rules before this one took out of use. */
  isOut: (index: number) => boolean;
  /** Absent: no search is there. */
  search: SearchPassages | undefined;
  /** Absent: no model is there that could tell. */
  entails: Entailment | undefined;
  /** Groups by which the data set was split; see `SPLIT_KNOBS`. */
  splitBy: string;
  /** To be called now and then with the rows that are done. @throws DOMException AbortError */
  progress: (done: number) => void;
}

export type Finding = Omit<QualityFinding, 'rule'>;

/** Looks at all rows at once, since some rules compare rows; gives a finding for each, in their order. */
export type Judge<K extends QualityRuleKey> = (
  rows: readonly CheckedRow[],
  context: RuleContext<K>,
) => Finding[] | Promise<Finding[]>;

export const passed = (reason: string, score = 1): Finding => ({ verdict: 'passed', score, reason });
export const failed = (reason: string, score = 0): Finding => ({ verdict: 'failed', score, reason });
export const unknown = (reason: string): Finding => ({ verdict: 'unknown', reason });
