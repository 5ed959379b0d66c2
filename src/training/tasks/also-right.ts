import type { ExampleRow } from '../../storage/schema.ts';
import { rightPassages, type PoolPassage } from '../examples.ts';

/**
 * Hard negatives of one question are wrong answers to all others of its batch, and some are the right passage of one.
 * Such a place is left out of that question's comparison: to keep the two apart would leave small data sets no batches.
 *
 * @param negatives of each example, the same number for all
 * @returns for the examples chosen for a batch the places of such passages among its positives, then negatives
 */
export function alsoRightAmong(
  examples: readonly ExampleRow[],
  negatives: readonly (readonly PoolPassage[])[],
): (chosen: readonly number[]) => number[][] {
  // By the text alone: negatives that a data set names have lost their headings.
  const right = new Map<string, Set<string>>();
  for (const example of examples) {
    const texts = right.get(example.question) ?? new Set();
    right.set(example.question, texts);
    for (const { text } of rightPassages(example)) texts.add(text);
  }
  return (chosen) => {
    const wrong = chosen.flatMap((i) => negatives[i]!.map(({ text }) => text));
    return chosen.map((i) => {
      const own = right.get(examples[i]!.question)!;
      return wrong.flatMap((text, place) => (own.has(text) ? [chosen.length + place] : []));
    });
  };
}
