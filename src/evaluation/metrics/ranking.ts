/**
 * Metrics of a ranked list against the set of relevant items. All are in [0, 1], higher is better. Ids may be of any
 * type that a `Set` compares by value. A ranked list names each id at most once.
 */

/**
 * Share of the relevant items found among the first `k`. With a single relevant item this is also the hit rate.
 *
 * @throws RangeError when nothing is relevant: recall is undefined then, and 0 or 1 would distort a mean.
 */
export function recallAtK<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>, k: number): number {
  requireRelevant(relevant);
  return countFound(ranked, relevant, k) / relevant.size;
}

/**
 * 1 when every relevant item is among the first `k`, else 0: what a question that needs several passages needs
 * (context recall). With a single relevant item this, recall and hit rate are the same.
 *
 * @throws RangeError when nothing is relevant.
 */
export function contextRecallAtK<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>, k: number): number {
  requireRelevant(relevant);
  return Number(countFound(ranked, relevant, k) === relevant.size);
}

/** 1 when at least one relevant item is among the first `k`, else 0 (success@k). */
export function hitAtK<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>, k: number): number {
  return Number(countFound(ranked, relevant, k) > 0);
}

/** Share of the first `k` places taken by relevant items; places that the list leaves empty count as misses. */
export function precisionAtK<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>, k: number): number {
  return countFound(ranked, relevant, k) / k;
}

/** 1 / rank of the first relevant item, 0 when none is in the list. Its mean over queries is the MRR (Voorhees 1999). */
export function reciprocalRank<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>): number {
  const index = ranked.findIndex((id) => relevant.has(id));
  return index < 0 ? 0 : 1 / (index + 1);
}

/**
 * Normalised discounted cumulative gain of the first `k` with binary relevance: gain 1 at rank r counts 1 / log2(r + 1),
 * divided by what the best possible order would give (Järvelin and Kekäläinen 2002).
 *
 * @throws RangeError when nothing is relevant.
 */
export function ndcgAtK<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>, k: number): number {
  requireRelevant(relevant);
  let gained = 0;
  ranked.slice(0, k).forEach((id, index) => {
    if (relevant.has(id)) gained += discount(index);
  });
  let ideal = 0;
  for (let index = 0; index < Math.min(k, relevant.size); index++) ideal += discount(index);
  return gained / ideal;
}

/**
 * Mean, over the relevant items, of the precision at the place of each; one that is not in the list counts 0. Its mean
 * over queries is the MAP (Buckley and Voorhees 2000).
 *
 * @throws RangeError when nothing is relevant.
 */
export function averagePrecision<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>): number {
  requireRelevant(relevant);
  let found = 0;
  let sum = 0;
  ranked.forEach((id, index) => {
    if (relevant.has(id)) sum += ++found / (index + 1);
  });
  return sum / relevant.size;
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function countFound<Id>(ranked: readonly Id[], relevant: ReadonlySet<Id>, k: number): number {
  return ranked.slice(0, k).filter((id) => relevant.has(id)).length;
}

function discount(index: number): number {
  return 1 / Math.log2(index + 2);
}

function requireRelevant(relevant: ReadonlySet<unknown>): void {
  if (relevant.size === 0) throw new RangeError('A ranking metric needs at least one relevant item.');
}
