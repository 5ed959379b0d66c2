import type { ChatTurn } from '../../generation/contract.ts';
import type { AnswerRecipe } from '../../storage/schema.ts';
import { LINK, PICTURE } from '../../markdown/links.ts';
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

/** The recipe of a model that answers by heart: it is shown no passage, and has none to cite. */
export const CLOSED_BOOK_RECIPE: AnswerRecipe = {
  ...ANSWER_RECIPE,
  system: 'Answer the question in a few words.',
  passages: 0,
};

/** Whether an adapter was taught to answer without passages, and is asked without any. */
export function isClosedBook(recipe: AnswerRecipe | undefined): boolean {
  return recipe?.passages === 0;
}

/** Before it answers it says why: more to write, and a small model then answers from what it has just said. */
const REASONS_SYSTEM = 'Say why from the passages, then answer and cite the one that says it, like [1].';

/** The recipe of a model that gives its reason first. */
export function withReasons(recipe: AnswerRecipe): AnswerRecipe {
  return { ...recipe, system: REASONS_SYSTEM, reasons: true };
}

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
    const part = readingWindow(withoutLinks(text), question, recipe.passageCharacters);
    return `[${i + 1}] ${oneLine(heading ? `${withoutLinks(heading)}: ${part}` : part)}`;
  });
  return [
    { role: 'system', content: recipe.system },
    { role: 'user', content: [...lines, `Question: ${oneLine(question)}`].join('\n') },
  ];
}

/** What the model is trained to say: a short answer with the numbers of its passages, if any: `Denver Broncos [2]`. */
export function answerTarget(answer: string, passages: readonly number[]): string {
  return `${oneLine(answer)} ${passages.map((number) => `[${number}]`).join('')}`.trimEnd();
}

/** What a model is trained to say that gives its reason first; without one the answer alone. */
export function reasonedTarget(answer: string, passages: readonly number[], thought: string | undefined): string {
  const reason = thought ? `Reason: ${oneLine(thought)}\n` : '';
  return `${reason}Answer: ${answerTarget(answer, passages)}`;
}

/** The answer without the reason before it; of a text that was cut within its reason there is no answer yet. */
export function splitReason(recipe: AnswerRecipe, text: string): { answer: string; reason?: string } {
  if (!recipe.reasons) return { answer: text };
  const match = /^\s*(?:Reason:\s*([\s\S]*?)\s*)?(?:^|\n)\s*Answer:\s*([\s\S]*)$/.exec(text);
  if (match) return { answer: match[2]!, ...(match[1] && { reason: match[1] }) };
  const reason = /^\s*Reason:\s*([\s\S]*)$/.exec(text)?.[1];
  // Neither word has come yet, or it has lost its form: then all of it is the answer, as a refusal is.
  if (reason === undefined) return { answer: /^\s*(R(e(a(s(on?)?)?)?)?|A(n(s(w(er?)?)?)?)?)?$/.test(text) ? '' : text };
  return { answer: '', reason };
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

/** No calls as `a[0](b)`. */
const MARKUP = new RegExp(String.raw`${PICTURE}|(?<![\p{L}\p{N}_])${LINK}`, 'gu');

/** A link's words stand for it: small models copy its brackets, and its address only costs tokens. Pictures go. */
function withoutLinks(text: string): string {
  return text.replace(MARKUP, (_, words: string | undefined) => words ?? '');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
