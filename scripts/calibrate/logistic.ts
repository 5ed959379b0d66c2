/** A case with its features (without the constant) and whether it is positive. */
export interface Case {
  features: number[];
  positive: boolean;
}

/** Logistic regression by gradient descent, classes weighted equally; returns weights, the last one is the bias. */
export function fitLogistic(cases: readonly Case[], steps = 20_000, rate = 2): number[] {
  const width = cases[0]!.features.length + 1;
  const weights = new Array<number>(width).fill(0);
  const positives = cases.filter(({ positive }) => positive).length;
  for (let step = 0; step < steps; step++) {
    const gradient = new Array<number>(width).fill(0);
    for (const { features, positive } of cases) {
      const error = probability(weights, features) - (positive ? 1 : 0);
      const share = error / (2 * (positive ? positives : cases.length - positives));
      features.forEach((feature, index) => (gradient[index]! += share * feature));
      gradient[width - 1]! += share;
    }
    gradient.forEach((value, index) => (weights[index]! -= rate * value));
  }
  return weights;
}

export function probability(weights: readonly number[], features: readonly number[]): number {
  const sum = features.reduce((total, feature, index) => total + feature * weights[index]!, weights.at(-1)!);
  return 1 / (1 + Math.exp(-sum));
}

/** Area under the ROC curve: the chance that a positive case scores above a negative one. */
export function areaUnderCurve(scored: readonly { score: number; positive: boolean }[]): number {
  const sorted = [...scored].sort((a, b) => a.score - b.score);
  let positives = 0;
  let rankSum = 0;
  sorted.forEach(({ positive }, index) => {
    if (!positive) return;
    positives++;
    rankSum += index + 1;
  });
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (sorted.length - positives));
}

/** Prints, for each threshold, the share of positives kept and of negatives caught. */
export function printThresholds(name: string, scored: readonly { score: number; positive: boolean }[]): void {
  const positives = scored.filter(({ positive }) => positive);
  const negatives = scored.filter(({ positive }) => !positive);
  console.log(
    `${name}: ${positives.length} positive, ${negatives.length} negative, AUC ${areaUnderCurve(scored).toFixed(4)}`,
  );
  for (const threshold of [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
    const kept = positives.filter(({ score }) => score >= threshold).length / positives.length;
    const caught = negatives.filter(({ score }) => score < threshold).length / negatives.length;
    console.log(`  ${threshold.toFixed(1)}  kept ${percent(kept)}  caught ${percent(caught)}`);
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`.padStart(7);
}
