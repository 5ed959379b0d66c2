import { valuesOf, type Knobs, type KnobValues } from '../settings/knob.ts';
import type { DatasetRow } from '../storage/schema.ts';
import type { RuleSettings } from './contract.ts';

/** A quality rule in words; what it does stands in `quality/`. */
interface QualityRule {
  label: string;
  /** One line: what it looks for and why. */
  help: string;
  /** Whether rows that fail it go out of use, unless the data set says otherwise. */
  on: boolean;
  knobs: Knobs;
}

/** All quality rules in the order in which they look at rows: the first one that fails names the reason. */
export const QUALITY_RULES = {
  wellFormed: {
    label: 'Well-formed question',
    help: 'Takes out what is no question: fragments, repeated words, open brackets, questions that hold their own answer.',
    on: true,
    knobs: {
      questionMark: {
        kind: 'switch',
        label: 'Must end with a question mark',
        help: 'Off, instructions such as "List the steps" count as questions too.',
        default: false,
      },
    },
  },
  length: {
    label: 'Length',
    help: 'Takes out questions and answers that are too short to say anything or too long to be one.',
    on: true,
    knobs: {
      questionWordsMin: number('Shortest question', 'Words that a question has at least.', 3, 1, 20),
      questionWordsMax: number('Longest question', 'Words that a question has at most.', 50, 5, 400),
      answerWordsMax: number('Longest answer', 'Words that an answer has at most.', 300, 1, 4000),
    },
  },
  language: {
    label: 'Language',
    help: 'Takes out rows in another language than the one wanted.',
    on: true,
    knobs: {
      language: {
        kind: 'text',
        label: 'Language',
        help: 'Two letters (en, de, fr); empty: the language of each passage.',
        default: '',
        maxLength: 8,
      },
    },
  },
  selfContained: {
    label: 'Stands by itself',
    help: 'Takes out questions that speak of "this passage" or "the text above": nobody who searches says that.',
    on: true,
    knobs: {},
  },
  support: {
    label: 'Answer stands in the passage',
    help: 'Takes out answers whose words the evidence does not have; unclear ones stay unless a model can tell.',
    on: true,
    knobs: {
      leastOverlap: share(
        'Enough words in common',
        "Share of the answer's words in the evidence that counts as support.",
        0.7,
      ),
      mostMissing: share(
        'Too few words in common',
        'Below this share an answer counts as unsupported; between the two it is unclear.',
        0.3,
      ),
    },
  },
  roundTrip: {
    label: 'Round trip',
    help: 'Takes out questions that do not lead the search back to their passage: they often fit many, or none.',
    on: true,
    knobs: {
      topK: number('Among the first', 'Places among which the search must find the passage.', 20, 1, 200),
      rows: {
        kind: 'choice',
        label: 'Asked of',
        help: 'Questions by people that the search misses are what tuning learns most from: leave them in.',
        default: 'generated',
        choices: [
          { value: 'generated', label: 'Generated questions' },
          { value: 'all', label: 'All questions' },
        ],
      },
    },
  },
  nearDuplicate: {
    label: 'Near-duplicates',
    help: 'Keeps one of several questions on the same passage that say nearly the same.',
    on: true,
    knobs: {
      similarity: share('Similarity', 'Share of words in common from which two questions are the same.', 0.8),
    },
  },
  leakage: {
    label: 'Leakage',
    help: 'Takes out rows for training that give away a row for validation or test; scores would look better than they are.',
    on: true,
    knobs: {
      documents: {
        kind: 'switch',
        label: 'By document or subject',
        help: 'A document may lie in one part only where the data set was split by document, and a subject where by subject.',
        default: true,
      },
      similarity: share(
        'Similar questions',
        'Share of words in common from which a question gives another one away.',
        0.8,
      ),
      answers: {
        kind: 'switch',
        label: 'By shared answer',
        help: 'The same words of the same passage may be the answer in one part only.',
        default: true,
      },
    },
  },
} as const satisfies Record<string, QualityRule>;

export type QualityRuleKey = keyof typeof QUALITY_RULES;

export const RULE_KEYS = Object.keys(QUALITY_RULES) as QualityRuleKey[];

/** Values of a rule's knobs. */
export type RuleKnobs<K extends QualityRuleKey> = KnobValues<(typeof QUALITY_RULES)[K]['knobs']>;

/** Whether a rule takes rows out in a data set. */
export function isRuleOn(rules: RuleSettings | undefined, key: QualityRuleKey): boolean {
  return rules?.[key]?.on ?? QUALITY_RULES[key].on;
}

/** Values of a rule's knobs in a data set. */
export function ruleKnobs<K extends QualityRuleKey>(rules: RuleSettings | undefined, key: K): RuleKnobs<K> {
  return valuesOf(QUALITY_RULES[key].knobs, rules?.[key]) as RuleKnobs<K>;
}

/** How rows are dealt to the parts. */
export const SPLIT_KNOBS = {
  by: {
    kind: 'choice',
    label: 'Keep together',
    help: 'What may not lie in two parts; a subject is a folder, or the first heading where there are no folders.',
    default: 'document',
    choices: [
      { value: 'document', label: 'Each document' },
      { value: 'subject', label: 'Each subject' },
      { value: 'passage', label: 'Each passage' },
    ],
  },
  validationShare: {
    kind: 'number',
    label: 'For validation',
    help: 'Share of the rows that choose the best state of a run.',
    default: 0.1,
    min: 0.02,
    max: 0.5,
    step: 0.01,
  },
  testShare: {
    kind: 'number',
    label: 'For the test',
    help: 'Share of the rows that nothing is trained on; more make scores more certain.',
    default: 0.1,
    min: 0,
    max: 0.9,
    step: 0.01,
  },
  stratify: {
    kind: 'switch',
    label: 'Same kinds in every part',
    help: 'Deals so that each part has about the same share of every kind of question.',
    default: true,
  },
  seed: {
    kind: 'number',
    label: 'Seed',
    help: 'The same seed deals the same rows in the same way.',
    default: 1,
    min: 0,
    max: 1_000_000,
    step: 1,
  },
} as const satisfies Knobs;

/** How hard negatives are chosen. */
export const MINING_KNOBS = {
  count: number('For each question', 'Wrong passages that are kept of what the search finds.', 3, 1, 10),
  margin: {
    kind: 'number',
    label: 'Margin',
    help: 'A passage counts as wrong only if it is less similar to the question than this share of the right one.',
    default: 0.95,
    min: 0.5,
    max: 1,
    step: 0.01,
  },
  sameDocument: {
    kind: 'switch',
    label: 'From the same document',
    help: 'Other passages of the document may stand: hard ones, and more often right without being marked.',
    default: false,
  },
} as const satisfies Knobs;

export type SplitValues = KnobValues<typeof SPLIT_KNOBS>;

/** How a data set was split, or is by default. */
export function splitValues(dataset: Pick<DatasetRow, 'seed' | 'split'> | undefined): SplitValues {
  const { seed, split } = dataset ?? {};
  return valuesOf(SPLIT_KNOBS, { ...(seed !== undefined && { seed }), ...split });
}

function number(label: string, help: string, value: number, min: number, max: number) {
  return { kind: 'number' as const, label, help, default: value, min, max, step: 1 };
}

function share(label: string, help: string, value: number) {
  return { kind: 'number' as const, label, help, default: value, min: 0.05, max: 1, step: 0.05 };
}
