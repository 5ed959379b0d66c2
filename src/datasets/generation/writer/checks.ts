import type { Draft } from './drafts.ts';

/** Reasons for which a draft is dropped, in words. */
export type DropReason =
  | 'unfinished'
  | 'no question'
  | 'speaks of its passage'
  | 'holds its own answer'
  | 'goes in circles'
  | 'asked before'
  | 'more than wanted'
  | 'does not find its passage';

/** Share of words in common above which two questions are the same. */
const ALIKE = 0.75;
const OF_THE_PASSAGE =
  /\b(?:this|the|that|above|following|given) (?:passage|text|document|article|section|paragraph|page|excerpt|table)\b|\b(?:according to|mentioned (?:in|above)|in the passage)\b/i;
/** "What is it?", "What does he do?": what it is about was left behind in the passage. */
const POINTS_BACK =
  /^(?:what|who|when|where|why|how) (?:is|are|was|were|do|does|did) (?:it|they|he|she|this|that|these|those)\b/i;

/** What is wrong with a draft by itself; undefined: nothing. */
export function draftProblem({ question, finished, candidate }: Draft): DropReason | undefined {
  const words = wordsOf(question);
  if (!finished) return 'unfinished';
  if (!question.endsWith('?') || words.length < 4 || words.length > 30) return 'no question';
  if (speaksOfPassage(question)) return 'speaks of its passage';
  if (` ${words.join(' ')} `.includes(` ${wordsOf(candidate.text).join(' ')} `)) return 'holds its own answer';
  return repeats(words) ? 'goes in circles' : undefined;
}

/** Whether a question makes sense only to somebody who has the passage before them. */
export function speaksOfPassage(question: string): boolean {
  return OF_THE_PASSAGE.test(question) || POINTS_BACK.test(question);
}

/** Whether a question says the same as one of the others. */
export function isAlike(question: string, others: readonly string[], share = ALIKE): boolean {
  const words = new Set(wordsOf(question));
  return others.some((other) => overlap(words, new Set(wordsOf(other))) >= share);
}

/** A run of three words that comes twice. */
function repeats(words: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let i = 0; i + 3 <= words.length; i++) {
    const triple = words.slice(i, i + 3).join(' ');
    if (seen.has(triple)) return true;
    seen.add(triple);
  }
  return false;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Share of distinct words that two questions have in common, of all their words. */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  return common / (a.size + b.size - common);
}
