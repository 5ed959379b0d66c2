import type { FullParameters } from '../../../training/lora-parameters.ts';
import type { NormWeights } from '../weights.ts';

/**
 * The scoring head of `BertForSequenceClassification` with one label: score = w·tanh(W·h + b) + c for the vector h of the
 * first token. W and b are frozen, w [1, hidden] and c [1] are trained. Computed in double: a pair's head is a
 * ten-thousandth of its encoder's work.
 */
export class ScoringHead {
  readonly #pooler: NormWeights;
  readonly #classifier: FullParameters;
  readonly #size: number;

  constructor(pooler: NormWeights, classifier: FullParameters) {
    this.#pooler = pooler;
    this.#classifier = classifier;
    this.#size = pooler.bias.length;
  }

  /** @param vectors [pairs, hidden] */
  forward(vectors: Float32Array): { scores: Float64Array; pooled: Float64Array } {
    const size = this.#size;
    const { weight, bias } = this.#pooler;
    const { weight: classifier, bias: offset } = this.#classifier;
    const pairs = vectors.length / size;
    const scores = new Float64Array(pairs).fill(offset.data[0]!);
    const pooled = new Float64Array(vectors.length);
    for (let pair = 0; pair < pairs; pair++) {
      const at = pair * size;
      for (let row = 0; row < size; row++) {
        let sum = bias[row]!;
        const from = row * size;
        for (let i = 0; i < size; i++) sum += weight[from + i]! * vectors[at + i]!;
        const value = Math.tanh(sum);
        pooled[at + row] = value;
        scores[pair]! += classifier.data[row]! * value;
      }
    }
    return { scores, pooled };
  }

  /**
   * Adds to the classifier's gradients and to those of the vectors.
   *
   * @param dScores gradient by the scores
   */
  backward(pooled: Float64Array, dScores: Float64Array, dVectors: Float32Array): void {
    const size = this.#size;
    const { weight } = this.#pooler;
    const { weight: classifier, bias: offset } = this.#classifier;
    const sums = new Float64Array(size);
    dScores.forEach((dScore, pair) => {
      offset.gradient[0]! += dScore;
      sums.fill(0);
      for (let row = 0; row < size; row++) {
        const value = pooled[pair * size + row]!;
        classifier.gradient[row]! += dScore * value;
        const inner = dScore * classifier.data[row]! * (1 - value * value);
        const from = row * size;
        for (let i = 0; i < size; i++) sums[i]! += inner * weight[from + i]!;
      }
      for (let i = 0; i < size; i++) dVectors[pair * size + i]! += sums[i]!;
    });
  }
}
