import { contentWords } from '../text/words.ts';

/** An earlier question of the chat with its answer, oldest first. */
export interface Exchange {
  question: string;
  /** The question as it was searched, when it was a follow-up itself. */
  searchedAs?: string;
  /** Empty when there was none. */
  answer: string;
}

const REFERENCE =
  /\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|(?:the|this|that|which) (?:other )?one|the (?:next|following|previous|latter|former|same|other)|afterwards?|instead)\b/iu;
// "What did Tesla do when he arrived?": a name earlier in the question is what the pronoun stands for.
const NAME = /(?<=[\p{L}\p{N}] )\p{Lu}\p{L}+/u;
const OPENING =
  /^(?:and|but|or|so|also|then|what about|how about|what else|why|how so|how come|really|in what way|for example|which one)\b/i;
const FEW_WORDS = 1;

/**
 * Whether a question needs the conversation to be understood: it refers to something ("it", "the next one"), continues
 * ("and …", "why?"), or names hardly anything itself. Errs towards no: a needless history does more harm to a search
 * than a missing one.
 */
export function isFollowUp(question: string, history: readonly Exchange[]): boolean {
  if (history.length === 0) return false;
  const text = question.trim();
  const words = contentWords(text);
  if (OPENING.test(text) && words.length <= 3) return true;
  if (words.length <= FEW_WORDS) return true;
  // "the document that says …" refers forward, within the question itself.
  const withoutRelative = text.replace(/(?<=[\p{L}\p{N}] )that\b(?= (?!\w+\?))/giu, 'which');
  const reference = REFERENCE.exec(withoutRelative);
  return reference !== null && !NAME.test(withoutRelative.slice(0, reference.index));
}

/**
 * Makes a follow-up searchable without a model: the last question stands before it, so that words and meaning of both
 * reach the index. (An LLM rewrite by the starter model was measured against this: see docs/adr/0050.)
 */
export function withHistoryWords(question: string, history: readonly Exchange[]): string {
  const last = history.at(-1);
  if (!last) return question;
  return `${last.searchedAs ?? last.question} ${question}`;
}
