import { valuesOf, type Knob, type Knobs, type KnobValues, type NumberKnob } from '../../settings/knob.ts';
import type { GenerationRow, QuestionKind } from '../../storage/schema.ts';
import { PROMPT_KNOBS } from './prompts.ts';

const common = {
  passages: {
    kind: 'number',
    label: 'Passages at most',
    help: 'How many passages are read; they are spread over all documents. 0 reads all that are worth a question.',
    default: 0,
    min: 0,
    max: 100_000,
    step: 50,
  },
  perPassage: {
    kind: 'number',
    label: 'Questions per passage',
    help: 'How many questions are kept of a passage: the best of its drafts.',
    default: 2,
    min: 1,
    max: 12,
    step: 1,
  },
  shortest: {
    kind: 'number',
    label: 'Shortest passage',
    help: 'Passages with fewer characters are skipped: they are headings and link lists more often than text.',
    default: 160,
    min: 40,
    max: 2000,
    step: 20,
  },
} satisfies Record<string, NumberKnob>;

const temperature = (value: number): NumberKnob => ({
  kind: 'number',
  label: 'Temperature',
  help: '0 always takes the likeliest word; higher values vary the wording and go wrong more often.',
  default: value,
  min: 0,
  max: 1.5,
  step: 0.05,
});

export const WRITER_KNOBS = {
  ...common,
  drafts: {
    kind: 'number',
    label: 'Drafts per passage',
    help: 'Each draft is a question on another answer in the passage. More drafts take longer and leave more choice.',
    default: 10,
    min: 1,
    max: 24,
    step: 1,
  },
  reads: {
    kind: 'number',
    label: 'Reads of a passage',
    help: 'Characters of a longer passage that are read, whole sentences from a place that is drawn. Less is faster.',
    default: 700,
    min: 200,
    max: 1100,
    step: 50,
  },
  temperature: temperature(0.6),
  roundTrip: {
    kind: 'number',
    label: 'Found within the first',
    help: 'A question is dropped when a search for it does not bring its own passage among this many. 0 does not check.',
    default: 20,
    min: 0,
    max: 200,
    step: 5,
  },
} satisfies Knobs;

/** Shares of kinds are parts of their sum: 2 and 1 are two thirds and one third. */
const share = (label: string, help: string, value: number): NumberKnob => ({
  kind: 'number',
  label,
  help,
  default: value,
  min: 0,
  max: 100,
  step: 5,
});

export const SHARE_KNOBS = {
  shareFact: share('Facts', 'Share of questions that a few words of the passage answer.', 40),
  shareDefinition: share('Definitions', 'Share of questions about what a thing is.', 15),
  shareProcedure: share('Procedures', 'Share of questions about how something is done.', 20),
  shareComparison: share('Comparisons', 'Share of questions about how two things differ.', 10),
  shareMultiPassage: share('Several passages', 'Share of questions that need two passages of a document.', 10),
  shareUnanswerable: share('Not answerable', 'Share of questions that fit the passage and that it does not answer.', 5),
} satisfies Record<string, NumberKnob>;

export const SHARE_OF_KIND: Record<QuestionKind, keyof typeof SHARE_KNOBS> = {
  fact: 'shareFact',
  definition: 'shareDefinition',
  procedure: 'shareProcedure',
  comparison: 'shareComparison',
  'multi-passage': 'shareMultiPassage',
  unanswerable: 'shareUnanswerable',
};

export const ENGINE_KNOBS = {
  ...common,
  ...SHARE_KNOBS,
  persona: {
    kind: 'text',
    label: 'Who asks',
    help: 'The questions are put as this person would: "a new colleague", "an auditor". Empty: anybody.',
    default: '',
    maxLength: 200,
  },
  language: {
    kind: 'text',
    label: 'Language',
    help: 'Language of questions and answers, in words. Empty: that of the passage.',
    default: '',
    maxLength: 40,
  },
  temperature: temperature(0.7),
  maxNewTokens: {
    kind: 'number',
    label: 'Longest reply',
    help: 'Tokens after which a reply is cut; a cut reply is asked for again once.',
    default: 400,
    min: 64,
    max: 2048,
    step: 16,
  },
  ...PROMPT_KNOBS,
} satisfies Knobs;

export const EXTRACTED_KNOBS = { ...common } satisfies Knobs;

/** Of a run, whatever its method; see {@link GenerationRow.seed}. */
export const SEED_KNOB: NumberKnob = {
  kind: 'number',
  label: 'Seed',
  help: 'Chooses passages and draws words. Writing again with another seed writes other questions; with the same one, the same.',
  default: 1,
  min: 0,
  max: 1_000_000,
  step: 1,
};

/** The knobs of each method, in the order of a form. */
export const GENERATION_KNOBS = {
  writer: WRITER_KNOBS,
  engine: ENGINE_KNOBS,
  extracted: EXTRACTED_KNOBS,
} satisfies Record<GenerationRow['method'], Record<string, Knob>>;

export type GenerationSettings<M extends GenerationRow['method']> = KnobValues<(typeof GENERATION_KNOBS)[M]>;

export function generationSettings<M extends GenerationRow['method']>(
  method: M,
  overrides: Readonly<Record<string, unknown>> = {},
): GenerationSettings<M> {
  return valuesOf(GENERATION_KNOBS[method], overrides) as GenerationSettings<M>;
}
