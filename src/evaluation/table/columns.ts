/** Scores of a configuration by question. */
export type Column = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** `to` − `from`, for every question that has a value in both. */
export function pairedChanges(metric: string, from: Column, to: Column): number[] {
  return [...from].flatMap(([question, scores]) => {
    const [x, y] = [scores[metric], to.get(question)?.[metric]];
    return x === undefined || y === undefined ? [] : [y - x];
  });
}
