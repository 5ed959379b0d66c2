import { random } from '@huggingface/transformers';
import type { GenerationOptions } from '../contract.ts';

/** Tokens of the answer that the repetition penalty looks back on. */
const PENALTY_WINDOW = 256;

/**
 * Draws the next token: repetition penalty (Keskar et al. 2019) over the answer so far, then the likeliest token at
 * temperature 0, or a draw from the softmax over the `topK` likeliest tokens cut at a total probability of `topP`
 * (nucleus sampling, Holtzman et al. 2020).
 *
 * Passages of the prompt are not penalised: an answer has to be able to quote them. The draws come from transformers.js'
 * Mersenne twister; its own multinomial sampler has no top-p and would start a second onnxruntime for top-k (ADR 23).
 */
export class Sampler {
  #options: GenerationOptions;
  #random: () => number;

  constructor(options: GenerationOptions) {
    this.#options = options;
    const generator = new random.Random(options.seed ?? Math.floor(Math.random() * 2 ** 32));
    this.#random = () => generator.random();
  }

  /** @param logits [vocabulary], changed in place; answer: the tokens said so far */
  next(logits: Float32Array, answer: readonly number[]): number {
    const { repetitionPenalty, temperature, topK, topP } = this.#options;
    if (repetitionPenalty !== 1) {
      for (const token of new Set(answer.slice(-PENALTY_WINDOW))) {
        const logit = logits[token]!;
        logits[token] = logit < 0 ? logit * repetitionPenalty : logit / repetitionPenalty;
      }
    }
    if (temperature <= 0) return argmax(logits);
    const candidates = largest(logits, topK > 0 ? topK : logits.length);
    const peak = logits[candidates[0]!]!;
    const weights = candidates.map((token) => Math.exp((logits[token]! - peak) / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let kept = 0;
    let mass = 0;
    while (kept < weights.length && mass < topP * total) mass += weights[kept++]!;
    let point = this.#random() * mass;
    for (let i = 0; i < kept; i++) {
      point -= weights[i]!;
      if (point < 0) return candidates[i]!;
    }
    return candidates[Math.max(0, kept - 1)]!;
  }
}

export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Indices of the `count` largest values, largest first. */
function largest(values: Float32Array, count: number): number[] {
  if (count >= values.length) return Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!);
  // A short sorted list: nearly every value fails the first comparison.
  const top: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (top.length === count && values[i]! <= values[top.at(-1)!]!) continue;
    let at = top.length;
    while (at > 0 && values[top[at - 1]!]! < values[i]!) at--;
    top.splice(at, 0, i);
    if (top.length > count) top.pop();
  }
  return top;
}
