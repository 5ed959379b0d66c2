import { seededRandom } from './vectors.ts';

/**
 * What a server for embeddings answers in tests: no language model, a text is the sum of fixed vectors of its words, so
 * that texts that share words are similar. Not of unit length, in the order of the request turned round, as the
 * protocol allows.
 */
export function wordVectors(texts: readonly string[], dimensions: number): { index: number; embedding: number[] }[] {
  return texts.map((text, index) => ({ index, embedding: sumOfWords(text, dimensions) })).reverse();
}

function sumOfWords(text: string, dimensions: number): number[] {
  const sum = Array.from({ length: dimensions }, () => 0);
  for (const word of text.toLowerCase().match(/\w+/g) ?? ['']) {
    const random = seededRandom([...word].reduce((value, char) => Math.imul(value, 31) + char.charCodeAt(0), 1));
    for (let d = 0; d < dimensions; d++) sum[d]! += random() - 0.5;
  }
  return sum;
}
