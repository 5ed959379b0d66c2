import { withoutCitations } from './citations.ts';

/**
 * Ways in which models say that they have no answer, in languages that the starter documents are tried with. Each must
 * begin the answer: "…, but this is not in the documents" after an answer is no refusal.
 */
const REFUSALS = [
  /^(?:i(?:'m| am) )?sorry\b/,
  /^i (?:do not|don't|cannot|can't|could not|couldn't) (?:know|find|answer|tell|determine|see)\b/,
  /^(?:this|that|it|the (?:answer|information|question))[^.]{0,40}\b(?:is not|isn't|are not|cannot be|can't be|could not be) (?:in|given|mentioned|found|stated|provided|answered|contained|available|specified)\b/,
  /^(?:not|nothing|no answer|no information)\b[^.]{0,40}\b(?:in|from|by) (?:your|the|these) (?:documents?|passages?|context|text)\b/,
  /^(?:the|your|these|none of the) (?:documents?|passages?|context|text)\b[^.]{0,20}\b(?:do not|don't|does not|doesn't|lacks?|says? nothing|contains? no|contain the answer)\b/,
  /^(?:no answer|unanswerable|not (?:mentioned|stated|given|found|available))\b/,
  /^(?:das|die|diese|ihre|in den)\b[^.]{0,40}\b(?:steht nicht in|nicht enthalten|nicht beantworten|keine (?:antwort|angaben?|informationen))\b/,
  /^(?:ich weiß (?:es )?nicht|dazu steht nichts|keine (?:antwort|angaben?))\b/,
  /^(?:je ne sais pas|les documents ne)\b/,
  /^(?:no lo sé|no sé|los documentos no)\b/,
];

/**
 * Whether an answer declines to answer. An empty one does.
 *
 * @param own the words in which this model is asked to refuse, e.g. `AnswerRecipe.refusal` and what Chat says
 */
export function refuses(answer: string, own: readonly string[] = []): boolean {
  const plain = withoutCitations(answer).toLowerCase().replaceAll('’', "'").replace(/\s+/g, ' ').trim();
  if (plain === '') return true;
  const words = (text: string) =>
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.join(' ') ?? '';
  const begins = words(plain);
  if (own.some((refusal) => words(refusal) !== '' && begins.startsWith(words(refusal)))) return true;
  return REFUSALS.some((pattern) => pattern.test(plain));
}
