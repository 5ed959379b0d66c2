import type { FullLinear, LinearModule, LoraAdapter } from '../../src/engine/adapters/lora-adapter.ts';
import { splitPath } from '../../src/engine/adapters/lora-adapter.ts';
import { seededRandom } from './vectors.ts';

/** An untrained adapter whose effect is plainly seen: pairs for every module, and a scoring head where one is named. */
export function randomAdapter(
  modules: readonly LinearModule[],
  { seed = 1, rank = 2, size = 0.1, head }: { seed?: number; rank?: number; size?: number; head?: LinearModule } = {},
): LoraAdapter {
  const random = seededRandom(seed);
  const matrix = (length: number, spread = size) => Float32Array.from({ length }, () => (random() - 0.5) * spread);
  const pairs = modules.map(({ path, inFeatures, outFeatures }) => {
    const pair = { rank, inFeatures, outFeatures, a: matrix(rank * inFeatures), b: matrix(rank * outFeatures) };
    return [path, pair] as const;
  });
  const full = new Map<string, FullLinear>();
  if (head) {
    const { inFeatures, outFeatures } = head;
    // The pooler's outputs are small: a small head would score everything alike.
    full.set(head.path, { inFeatures, outFeatures, weight: matrix(inFeatures * outFeatures, 4), bias: matrix(1) });
  }
  const targets = [...new Set(modules.map(({ path }) => splitPath(path).name))];
  return {
    settings: { rank, alpha: 2 * rank, rankStabilised: false, dropout: 0, targets },
    pairs: new Map(pairs),
    full,
  };
}
