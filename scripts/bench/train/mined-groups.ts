import { seededRandom, shuffled } from '../../../src/engine/training/random.ts';
import type { Vectors } from './rank.ts';
import type { RankingGroup } from './reranker-page.ts';
import { rowProduct } from '../../training/row-product.ts';

const NEGATIVES = 5;
/** Negatives come from what a search would put before a reranker. */
const NEAREST = 20;
/** Passages nearer than this to the right one say the same. */
const SAME = 0.95;

/** Each question with its passage and wrong ones that the base embedder finds for it. */
export function minedGroups(
  pairs: readonly { question: string; passage: string }[],
  { questions, passages }: Vectors,
): RankingGroup[] {
  const width = passages.length / pairs.length;
  const random = seededRandom(9);
  return pairs.map(({ question, passage }, own) => {
    const scores = pairs.map((_, other) => rowProduct(questions, own, passages, other, width));
    const nearest = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, NEAREST);
    const wrong = nearest.filter((other) => other !== own && rowProduct(passages, own, passages, other, width) < SAME);
    const negatives = shuffled(wrong, random).slice(0, NEGATIVES);
    return { question, passages: [passage, ...negatives.map((index) => pairs[index]!.passage)] };
  });
}
