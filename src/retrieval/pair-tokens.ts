/** A question and a passage in one sequence, as a cross-encoder of the BERT family reads them. */
export interface PairTokens {
  /** `[CLS] question [SEP] passage [SEP]` */
  tokens: number[];
  /** 0 up to the first separator, 1 after. */
  types: number[];
}

/** Longest share of a pair that a question may take: what is asked about needs the room. */
const QUESTION_SHARE = 0.5;

/**
 * Joins the tokens of both, each with its special tokens around it as its tokenizer gives them. Too long a pair loses the
 * end of its passage, but keeps the closing token.
 *
 * @param limit tokens of the pair
 */
export function pairTokens(question: readonly number[], passage: readonly number[], limit: number): PairTokens {
  const first = cut(question, Math.floor(limit * QUESTION_SHARE));
  // The passage's own [CLS] goes.
  const second = cut(passage.slice(1), limit - first.length);
  return {
    tokens: [...first, ...second],
    types: [...first.map(() => 0), ...second.map(() => 1)],
  };
}

function cut(ids: readonly number[], limit: number): readonly number[] {
  return ids.length <= limit ? ids : [...ids.slice(0, limit - 1), ids.at(-1)!];
}
