import type { TunedAdapter } from '../../adapters/adapter-files.ts';
import { applyLinearAdapter } from '../../engine/adapters/linear-adapter.ts';
import type { LoraSettings } from '../../engine/adapters/lora-adapter.ts';
import { createEmbedderTrainer } from '../../engine/models/bert/training/embedder-trainer.ts';
import type { ResidentRuntime } from '../../engine/resident/resident.ts';
import type { Tokens } from '../../engine/training/batches.ts';
import type { LoadedEncoder } from './encoder.ts';

/** Texts embedded as the search does it, untuned or with its adapter. */
export interface SearchEncoder {
  /** @returns unit vectors [texts, dimensions], row-major */
  encode(texts: readonly Tokens[], kind: 'query' | 'passage', signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
  dispose(): Promise<void>;
}

/** An adapter of nothing but zeros leaves the model as it is. */
const UNTUNED: LoraSettings = {
  rank: 1,
  alpha: 1,
  rankStabilised: false,
  dropout: 0,
  targets: ['attention.self.query'],
};

/** @param adapter of the search model; absent: untuned. @throws AttuneError `engine/out-of-memory` */
export function createSearchEncoder(
  { config, weights, recipe }: LoadedEncoder,
  runtime: ResidentRuntime,
  seed: number,
  adapter?: TunedAdapter,
): SearchEncoder {
  const tuned = adapter?.kind === 'lora' ? adapter.adapter : undefined;
  const encoder = createEmbedderTrainer({
    config,
    weights,
    runtime,
    pooling: recipe.pooling,
    lora: tuned?.settings ?? UNTUNED,
    seed,
    ...(tuned && { adapter: tuned }),
  });
  const linear = adapter?.kind === 'linear' ? adapter.adapter : undefined;
  return {
    async encode(texts, kind, signal) {
      const vectors = await encoder.encode(texts, signal);
      return linear ? applyLinearAdapter(linear, vectors, kind) : vectors;
    },
    dispose: () => encoder.dispose(),
  };
}
