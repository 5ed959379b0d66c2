import type { Knobs } from '../settings/knob.ts';

/** Tells the model its task. `{…}` placeholders do not exist: passages and question follow in the user's turn. */
const SYSTEM_PROMPT =
  'You answer questions from the numbered passages that you are given, and from nothing else. Answer in one to three ' +
  'short sentences. After each sentence write the number of its passage in brackets, like [1]. If the passages do not ' +
  'contain the answer, say so.';

/** All that a model of a few hundred million parameters can keep in mind; it reads chosen sentences, not passages. */
const SHORT_SYSTEM_PROMPT = 'Answer the question using only the text.';

/**
 * Knobs of asking and answering. The thresholds were calibrated on articles that no benchmark here uses for its
 * figures: see docs/adr/0051 and 0052.
 */
export const CHAT_KNOBS = {
  systemPrompt: {
    kind: 'text',
    label: 'Instructions',
    help: 'What the answer model is told before it sees the passages.',
    default: SYSTEM_PROMPT,
    maxLength: 4000,
  },
  shortSystemPrompt: {
    kind: 'text',
    label: 'Instructions for small models',
    help: 'What an answer model is told that reads sentences instead of passages; long instructions confuse it.',
    default: SHORT_SYSTEM_PROMPT,
    maxLength: 1000,
  },
  reading: {
    kind: 'choice',
    label: 'What the model reads',
    help: 'Small models find an answer in three sentences far more often than in four passages.',
    default: 'automatic',
    choices: [
      { value: 'automatic', label: 'Passages for larger models, sentences for small ones' },
      { value: 'passages', label: 'Whole passages' },
      { value: 'sentences', label: 'The best sentences of the passages' },
    ],
  },
  passageCount: {
    kind: 'number',
    label: 'Passages',
    help: 'How many passages are found for a question; the answer is made from them.',
    default: 4,
    min: 1,
    max: 20,
    step: 1,
  },
  passageTokens: {
    kind: 'number',
    label: 'Passage budget',
    help: 'Tokens that all passages together may take of the prompt; longer ones make the first word come later.',
    default: 1500,
    min: 100,
    max: 32_000,
    step: 100,
  },
  historyTurns: {
    kind: 'number',
    label: 'Remembered turns',
    help: 'Earlier questions and answers that the answer model sees; 0 makes each question stand alone.',
    default: 1,
    min: 0,
    max: 10,
    step: 1,
  },
  rewriteFollowUps: {
    kind: 'choice',
    label: 'Follow-up questions',
    help: 'How a question such as "and after that?" is made searchable: by its history\'s words, or rewritten by the model.',
    default: 'automatic',
    choices: [
      { value: 'automatic', label: 'Rewritten by larger models, by words otherwise' },
      { value: 'words', label: 'By words of the history' },
      { value: 'model', label: 'Always rewritten by the model' },
      { value: 'never', label: 'Searched as typed' },
    ],
  },
  minimumRelevance: {
    kind: 'number',
    label: 'Minimum relevance',
    help: 'Below this, the answer is "not in your documents"; lower it if that appears too often.',
    default: 0.1,
    min: 0,
    max: 1,
    step: 0.01,
  },
  minimumSupport: {
    kind: 'number',
    label: 'Minimum support',
    help: 'How well a passage must match a sentence to count as its source; higher marks more sentences as unsupported.',
    default: 0.5,
    min: 0,
    max: 1,
    step: 0.01,
  },
  recordAnswers: {
    kind: 'choice',
    label: 'Record answers',
    help: 'Keeps questions with passages and answers as you chat, so that a small model can learn from a large one.',
    default: 'never',
    choices: [
      { value: 'never', label: 'Never' },
      { value: 'teachers', label: 'Of larger models (endpoints, WebLLM)' },
      { value: 'all', label: 'Of every model' },
    ],
  },
  whenUnsupported: {
    kind: 'choice',
    label: 'Answers without support',
    help: 'What is shown when not one sentence of an answer is found in your documents.',
    default: 'quote',
    choices: [
      { value: 'quote', label: 'The best sentences of your documents instead' },
      { value: 'show', label: 'The answer, with a warning' },
    ],
  },
} as const satisfies Knobs;
