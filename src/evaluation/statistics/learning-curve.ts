/** A model tuned with so many examples, and how it scored on each question of the same set, in the same order. */
export interface CurvePoint {
  /** 0: the untuned model. */
  examples: number;
  scores: readonly number[];
}
