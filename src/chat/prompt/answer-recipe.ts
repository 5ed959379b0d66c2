import type { ChatTurn } from '../../generation/contract.ts';
import type { AnswerRecipe } from '../../storage/schema.ts';
import { splitSentences } from '../text/sentences.ts';
import { contentWords, coverage } from '../text/words.ts';

/**
 * The form in which a small generator is tuned to answer, and in which it is asked afterwards: few tokens, since
 * reading the prompt is what takes the time on a laptop. An adapter carries its recipe with it; whoever trains one and
 * whoever asks one builds the prompt by {@link answerTurns}, so the two cannot drift apart.
 */
export const ANSWER_RECIPE: AnswerRecipe = {
  system: 'Answer from the passages and cite the one that says it, like [1].',
  passages: 3,
  passageCharacters: 800,
  refusal: 'Not in your documents.',
};

/** A passage as a recipe shows it. */
export interface RecipePassage {
  /** Headings above it, outermost first; the innermost one is shown. */
  headings: readonly string[];
  text: string;
}

/**
 * The conversation up to the answer: instruction, then passages numbered from 1 in the order given, a line each, then
 * the question. Only the first `recipe.passages` are shown.
 */
export function answerTurns(
  recipe: AnswerRecipe,
  passages: readonly RecipePassage[],
  question: string,
): [system: ChatTurn, user: ChatTurn] {
  const lines = passages.slice(0, recipe.passages).map(({ headings, text }, i) => {
    const heading = headings.at(-1);
    const part = readingWindow(text, question, recipe.passageCharacters);
    return `[${i + 1}] ${oneLine(heading ? `${heading}: ${part}` : part)}`;
  });
  return [
    { role: 'system', content: recipe.system },
    { role: 'user', content: [...lines, `Question: ${oneLine(question)}`].join('\n') },
  ];
}

/** What the model is trained to say: a short answer with the number of its passage, `Denver Broncos [2]`. */
export function answerTarget(answer: string, passage: number): string {
  return `${oneLine(answer)} [${passage}]`;
}

/** What it is trained to say where no passage has the answer. */
export function refusalTarget(recipe: AnswerRecipe): string {
  return recipe.refusal;
}

/** Whether an answer is the refusal, give or take case, a full stop and what follows it. */
export function isRefusal(recipe: AnswerRecipe, answer: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');
  return plain(answer).trimStart().startsWith(plain(recipe.refusal).trim());
}

/**
 * As many whole sentences in a row as fit into `characters`, around the one that shares the most words with the
 * question; the whole text where it fits. At least one sentence, cut hard if it is longer by itself (tables).
 */
export function readingWindow(text: string, question: string, characters: number): string {
  const whole = text.trim();
  if (whole.length <= characters) return whole;
  const sentences = splitSentences(whole);
  const words = contentWords(question);
  const shared = sentences.map(({ start, end }) => coverage(words, new Set(contentWords(whole.slice(start, end)))));
  const best = shared.indexOf(Math.max(...shared));
  let [first, last] = [best, best];
  const length = (from: number, to: number) => sentences[to]!.end - sentences[from]!.start;
  for (;;) {
    // What follows a sentence explains it more often than what stands before.
    if (last + 1 < sentences.length && length(first, last + 1) <= characters) last++;
    else if (first > 0 && length(first - 1, last) <= characters) first--;
    else break;
  }
  return whole.slice(sentences[first]!.start, sentences[last]!.end).slice(0, characters);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
