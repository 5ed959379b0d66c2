/** How far two raters agree beyond chance. */
export interface Agreement {
  /** Items that both rated. */
  n: number;
  /** Share of items with the same label; 0 of no items. */
  observed: number;
  /**
   * Cohen's kappa: 1 full agreement, 0 no more than chance, with its 95 % interval. Absent where it is not defined: no
   * items, or both raters gave one and the same label throughout.
   */
  kappa?: { value: number; low: number; high: number };
}

/**
 * Cohen's kappa (1960) with the large-sample interval of Fleiss, Cohen and Everitt (1969), cut to [-1, 1]. With few items
 * the interval is too narrow, and full agreement has none: read it together with `n`.
 *
 * @throws RangeError when the raters rated different numbers of items
 */
export function cohenKappa<Label>(a: readonly Label[], b: readonly Label[]): Agreement {
  if (a.length !== b.length) throw new RangeError(`${a.length} ratings cannot be paired with ${b.length}.`);
  const n = a.length;
  const labels = [...new Set([...a, ...b])];
  const place = new Map(labels.map((label, i) => [label, i]));
  const k = labels.length;
  // Shares of the items, [label by a, label by b].
  const shares = new Float64Array(k * k);
  a.forEach((label, i) => (shares[place.get(label)! * k + place.get(b[i]!)!]! += 1 / n));
  const byA = labels.map((_, i) => sum(labels.map((_, j) => shares[i * k + j]!)));
  const byB = labels.map((_, j) => sum(labels.map((_, i) => shares[i * k + j]!)));
  const observed = sum(labels.map((_, i) => shares[i * k + i]!));
  const chance = sum(labels.map((_, i) => byA[i]! * byB[i]!));
  if (n === 0 || k < 2) return { n, observed };
  const kappa = (observed - chance) / (1 - chance);
  const diagonal = sum(labels.map((_, i) => shares[i * k + i]! * (1 - (byA[i]! + byB[i]!) * (1 - kappa)) ** 2));
  const others = sum(
    labels.flatMap((_, i) => labels.map((_, j) => (i === j ? 0 : shares[i * k + j]! * (byB[i]! + byA[j]!) ** 2))),
  );
  const variance = diagonal + (1 - kappa) ** 2 * others - (kappa - chance * (1 - kappa)) ** 2;
  const margin = (1.959964 * Math.sqrt(Math.max(0, variance) / n)) / (1 - chance);
  return { n, observed, kappa: { value: kappa, low: Math.max(-1, kappa - margin), high: Math.min(1, kappa + margin) } };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
