import { expect } from 'vitest';
import type { FullLinear, LoraAdapter, LowRankPair } from '../../../src/engine/adapters/lora-adapter.ts';
import { AdamW, clipFactor, gradientNorm } from '../../../src/engine/training/adamw.ts';
import type { LinearModule } from '../../../src/engine/training/lora-parameters.ts';
import type { Parameter, Trainable } from '../../../src/engine/training/trainable.ts';

/** Bytes of a file under `tests/fixtures`. */
export type ReadFixture = (path: string) => Promise<Uint8Array<ArrayBuffer>>;

/** The matrices of scripts/goldens/bert_training.py: numbered in the order of their names. */
export function formulaAdapter(
  modules: readonly LinearModule[],
  settings: LoraAdapter['settings'],
  head?: LinearModule,
  amplitude = 0.25,
): LoraAdapter {
  const { rank } = settings;
  const names = [
    ...modules.flatMap(({ path }) => [`${path}.lora_A.weight`, `${path}.lora_B.weight`]),
    ...(head ? [`${head.path}.weight`, `${head.path}.bias`] : []),
  ].sort();
  const matrix = (name: string, size: number) => {
    const seed = names.indexOf(name) + 1;
    return Float32Array.from({ length: size }, (_, i) => amplitude * Math.sin(12.9898 * (i + 1) + 78.233 * seed));
  };
  const pairs = new Map<string, LowRankPair>();
  for (const { path, inFeatures, outFeatures } of modules) {
    pairs.set(path, {
      rank,
      inFeatures,
      outFeatures,
      a: matrix(`${path}.lora_A.weight`, rank * inFeatures),
      b: matrix(`${path}.lora_B.weight`, outFeatures * rank),
    });
  }
  const full = new Map<string, FullLinear>();
  if (head) {
    const { path, inFeatures, outFeatures } = head;
    const weight = matrix(`${path}.weight`, inFeatures * outFeatures);
    full.set(path, { weight, bias: matrix(`${path}.bias`, outFeatures), inFeatures, outFeatures });
  }
  return { settings, pairs, full };
}

/**
 * @param tolerance of gradients, relative to the largest of their matrix, or to a hundredth of the largest of all where a
 *   matrix has nearly none: queries of saturated attention are differences of large numbers
 */
export function nearGolden(parameters: readonly Parameter[], golden: Record<string, string>, tolerance: number): void {
  const references = new Map(Object.entries(golden).map(([key, text]) => [key, floats(text)] as const));
  const floor = Math.max(...[...references.values()].flatMap((values) => [...values]).map(Math.abs)) / 100;
  expect(parameters.map(({ name }) => name).sort()).toEqual([...references.keys()].sort());
  for (const { name, gradient } of parameters) {
    const expected = references.get(name)!;
    const largest = Math.max(floor, ...expected.map(Math.abs));
    expect(gradient.length, name).toBe(expected.length);
    expect(farthest(gradient, expected) / largest, name).toBeLessThan(tolerance);
  }
}

/** As scripts/goldens/bert_training.py does it. @returns the loss before each step */
export async function steps<Batch>(trainable: Trainable<Batch>, batch: Batch, count: number): Promise<number[]> {
  const optimiser = new AdamW(trainable.parameters, { weightDecay: 0.01 });
  const losses: number[] = [];
  for (let step = 1; step <= count; step++) {
    losses.push((await trainable.accumulate(batch, 1, step)).loss);
    optimiser.step(step, 2e-3, clipFactor(gradientNorm(trainable.parameters), 1));
    trainable.parametersChanged();
  }
  return losses;
}

export function joined({ parameters }: Trainable<never>): Float32Array {
  return Float32Array.from(parameters.flatMap(({ gradient }) => [...gradient]));
}

export function farthest(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Math.max(...Array.from(got, (value, i) => Math.abs(value - expected[i]!)));
}

export function floats(base64: string): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
}

export function json<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
