/** Parameters of BM25. */
export interface Bm25Parameters {
  /** Saturation of term frequency. */
  k1: number;
  /** Share of length normalisation, 0-1. */
  b: number;
}

/** Inverse document frequency as in Lucene: never negative, so a word in most passages cannot count against one. */
export function inverseDocumentFrequency(documents: number, documentFrequency: number): number {
  return Math.log(1 + (documents - documentFrequency + 0.5) / (documentFrequency + 0.5));
}

/**
 * Weight of a term that occurs `frequency` times in a passage (Robertson and Zaragoza, The Probabilistic Relevance
 * Framework, 2009), without the constant factor k1 + 1, which changes no order.
 *
 * @param relativeLength length of the passage / mean length.
 */
export function termWeight(frequency: number, relativeLength: number, { k1, b }: Bm25Parameters): number {
  return frequency / (frequency + k1 * (1 - b + b * relativeLength));
}
