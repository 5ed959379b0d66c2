import { withoutCitations } from './citations.ts';

/**
 * Metrics of a short answer against the answers that annotators gave, as SQuAD's evaluation script counts them; no
 * answer at all is right where none is asked for (SQuAD 2.0). Citations such as [2] are not part of an answer.
 */

/**
 * Share of words in common, as the harmonic mean of precision and recall, against the nearest of the right answers
 * (SQuAD's F1; Rajpurkar et al. 2016). 1 when both are empty.
 */
export function tokenF1(answer: string, right: readonly string[]): number {
  const words = answerWords(answer);
  return Math.max(...orEmpty(right).map((text) => f1(words, answerWords(text))));
}

/** 1 when the answer is one of the right ones but for case, articles, punctuation and citations, else 0. */
export function exactMatch(answer: string, right: readonly string[]): number {
  const plain = answerWords(answer).join(' ');
  return Number(orEmpty(right).some((text) => answerWords(text).join(' ') === plain));
}

/**
 * Words as SQuAD's evaluation compares them: lower case, without articles, punctuation deleted ("U.S." is "us"). Beyond
 * ASCII all of Unicode's punctuation goes too, as in MLQA's evaluation (Lewis et al. 2019).
 */
function answerWords(text: string): string[] {
  const plain = withoutCitations(text)
    .toLowerCase()
    .replace(/[\p{P}$+<=>^`|~]/gu, '');
  return plain.split(/\s+/).filter((word) => word !== '' && !/^(?:a|an|the)$/.test(word));
}

function orEmpty(right: readonly string[]): readonly string[] {
  return right.length > 0 ? right : [''];
}

function f1(answer: readonly string[], right: readonly string[]): number {
  if (answer.length === 0 || right.length === 0) return Number(answer.length === right.length);
  const left = new Map<string, number>();
  for (const word of right) left.set(word, (left.get(word) ?? 0) + 1);
  const common = answer.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count > 0;
  }).length;
  return (2 * common) / (answer.length + right.length);
}
