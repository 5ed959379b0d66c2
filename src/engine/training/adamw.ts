import type { Parameter } from './trainable.ts';

interface AdamWOptions {
  weightDecay: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

/**
 * AdamW (Loshchilov and Hutter 2019): Adam with bias correction, the weight decay apart from the gradient. Parameters
 * and moments are kept in float32, everything between is computed in double.
 */
export class AdamW {
  readonly #parameters: readonly Parameter[];
  readonly #options: Required<AdamWOptions>;
  /** Moments of all parameters, one after another. */
  readonly firstMoments: Float32Array<ArrayBuffer>;
  readonly secondMoments: Float32Array<ArrayBuffer>;

  constructor(parameters: readonly Parameter[], options: AdamWOptions) {
    this.#parameters = parameters;
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...options };
    const size = countParameters(parameters);
    this.firstMoments = new Float32Array(size);
    this.secondMoments = new Float32Array(size);
  }

  /**
   * Moves the parameters along their gradients and zeroes these.
   *
   * @param step from 1: the number of this step since the moments were zero
   * @param gradientScale factor of the gradient, from clipping
   */
  step(step: number, learningRate: number, gradientScale = 1): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    const { firstMoments, secondMoments } = this;
    const kept = 1 - learningRate * weightDecay;
    const rate = learningRate / (1 - beta1 ** step);
    const secondCorrection = Math.sqrt(1 - beta2 ** step);
    let at = 0;
    for (const { data, gradient } of this.#parameters) {
      for (let i = 0; i < data.length; i++, at++) {
        const g = gradient[i]! * gradientScale;
        const first = beta1 * firstMoments[at]! + (1 - beta1) * g;
        const second = beta2 * secondMoments[at]! + (1 - beta2) * g * g;
        firstMoments[at] = first;
        secondMoments[at] = second;
        data[i] = kept * data[i]! - (rate * first) / (Math.sqrt(second) / secondCorrection + epsilon);
      }
      gradient.fill(0);
    }
  }
}

export function countParameters(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { data }) => sum + data.length, 0);
}

/** 2-norm of the gradient of all parameters together. */
export function gradientNorm(parameters: readonly Parameter[]): number {
  let sum = 0;
  for (const { gradient } of parameters) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  }
  return Math.sqrt(sum);
}

/** Factor that brings a gradient down to the longest allowed norm (Pascanu et al. 2013); 0 as the maximum: no limit. */
export function clipFactor(norm: number, maximum: number): number {
  return maximum > 0 && norm > maximum ? maximum / norm : 1;
}
