import type { RankInList } from './contract.ts';

/** An item of a result list with its score; lists fall by score. */
export interface Scored<Item> {
  item: Item;
  score: number;
}

/** An item of the joined list with its place in each of the two. */
export interface Fused<Item> {
  item: Item;
  fused: RankInList;
  dense?: RankInList;
  lexical?: RankInList;
}

export interface FusionSettings {
  fusion: 'scores' | 'ranks';
  /** Share of the dense score, 0-1. */
  denseWeight: number;
  rrfK: number;
}

/**
 * Joins the dense and the lexical list; each names an item at most once. With one list empty the order is the other's.
 *
 * - `scores`: convex combination of scores brought to 0-1 by their theoretical minimum (cosine -1, BM25 0) and the best
 *   of the list (Bruch, Gai and Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, 2023: "TMM").
 * - `ranks`: Reciprocal Rank Fusion, the sum of 1 / (k + rank) (Cormack, Clarke and Büttcher 2009).
 *
 * Ties keep the order in which the items appear, dense first.
 *
 * @param similarity cosine of an item that only the words found. Without it (no vector yet) the least of the dense list
 *   stands in: taken as -1, the passage with the very words asked for would come after every passage with a vector.
 */
export function fuse<Item>(
  dense: readonly Scored<Item>[],
  lexical: readonly Scored<Item>[],
  { fusion, denseWeight, rrfK }: FusionSettings,
  similarity: (item: Item) => number | undefined = () => undefined,
): Fused<Item>[] {
  const joined = new Map<Item, Fused<Item>>();
  const collect = (list: readonly Scored<Item>[], name: 'dense' | 'lexical', points: (place: RankInList) => number) =>
    list.forEach(({ item, score }, index) => {
      const place = { rank: index + 1, score };
      const entry = joined.get(item) ?? { item, fused: { rank: 0, score: 0 } };
      entry[name] = place;
      entry.fused.score += points(place);
      joined.set(item, entry);
    });

  if (fusion === 'ranks') {
    const reciprocal = ({ rank }: RankInList) => 1 / (rrfK + rank);
    collect(dense, 'dense', reciprocal);
    collect(lexical, 'lexical', reciprocal);
  } else {
    const densePoints = (score: number) => denseWeight * share(score, -1, dense[0]!.score);
    collect(dense, 'dense', ({ score }) => densePoints(score));
    collect(lexical, 'lexical', ({ score }) => (1 - denseWeight) * share(score, 0, lexical[0]!.score));
    for (const entry of dense.length > 0 ? joined.values() : []) {
      if (!entry.dense) entry.fused.score += densePoints(similarity(entry.item) ?? dense.at(-1)!.score);
    }
  }
  const order = [...joined.values()].sort((a, b) => b.fused.score - a.fused.score);
  order.forEach((entry, index) => (entry.fused.rank = index + 1));
  return order;
}

/** Where `score` lies between `least` and `best`. A list whose best is the least says nothing: 0. */
function share(score: number, least: number, best: number): number {
  return best > least ? (score - least) / (best - least) : 0;
}
