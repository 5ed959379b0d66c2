import type { LoraAdapter, LoraSettings } from '../../../adapters/lora-adapter.ts';
import { contrastiveLoss, DEFAULT_SCALE, type ContrastiveOptions } from '../../../losses/contrastive.ts';
import { unitVector } from '../../../losses/unit-length.ts';
import type { ResidentRuntime } from '../../../resident/resident.ts';
import type { PairBatch, Tokens } from '../../../training/batches.ts';
import { createLoraParameters, LoraParameters } from '../../../training/lora-parameters.ts';
import type { LossReport, Trainable } from '../../../training/trainable.ts';
import type { BertConfig } from '../config.ts';
import { bertModules } from '../modules.ts';
import type { Pooling } from '../pooling.ts';
import type { BertWeights } from '../weights.ts';
import { DEFAULT_CHUNK_TOKENS, defaultMemoryBudget } from './memory.ts';
import { TunableEncoder } from './tunable-encoder.ts';

export interface EmbedderTrainerOptions {
  config: BertConfig;
  weights: BertWeights;
  runtime: ResidentRuntime;
  pooling: Pooling;
  lora: LoraSettings;
  /** Of the low-rank matrices' first values. */
  seed: number;
  /** To go on from, instead of a new adapter. */
  adapter?: LoraAdapter;
  /** Absent: in-batch negatives, scale 20. */
  loss?: Partial<ContrastiveOptions>;
  /** Most tokens in a block at once. */
  chunkTokens?: number;
  /** Bytes for kept activations; absent: by device. */
  memoryBudget?: number;
}

export type EmbedderTrainer = Trainable<PairBatch> & {
  /** Unit vectors [texts, hidden] with the parameters as they are. */
  encode(texts: readonly Tokens[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
  /** Shares its arrays with the parameters: copy what has to outlive the next step. */
  adapter(): LoraAdapter;
};

/**
 * Trains low-rank adapters of an encoder so that queries find their passages. Texts come tokenised, with their prefixes
 * and special tokens, as they are embedded later.
 *
 * @throws AttuneError `training/no-target`, `engine/out-of-memory`
 */
export function createEmbedderTrainer(options: EmbedderTrainerOptions): EmbedderTrainer {
  const { config, weights, runtime, pooling, lora, seed, adapter } = options;
  const parameters = adapter ? new LoraParameters(adapter) : createLoraParameters(bertModules(config), lora, seed);
  const encoder = new TunableEncoder({
    config,
    weights,
    runtime,
    lora: parameters,
    pooling,
    chunkTokens: options.chunkTokens ?? DEFAULT_CHUNK_TOKENS,
    memoryBudget: options.memoryBudget ?? defaultMemoryBudget(runtime.device),
  });
  const loss: ContrastiveOptions = { scale: DEFAULT_SCALE, ...options.loss };
  const size = config.hiddenSize;
  const report = (batch: PairBatch, value: number): LossReport => ({
    loss: value,
    tokens: texts(batch).reduce((sum, { tokens }) => sum + tokens.length, 0),
    examples: batch.queries.length,
  });

  return {
    parameters: parameters.parameters,
    get memoryBytes() {
      return encoder.memoryBytes;
    },
    async accumulate(batch, weight, seedOfStep, signal) {
      let value = 0;
      await encoder.accumulate(
        texts(batch),
        (vectors, gradient) => {
          value = contrastiveLoss(vectors, size, batch.queries.length, loss, gradient, weight);
        },
        seedOfStep,
        signal,
      );
      return report(batch, value);
    },
    async evaluate(batch, signal) {
      const vectors = await encoder.vectors(texts(batch), signal);
      return report(batch, contrastiveLoss(vectors, size, batch.queries.length, loss));
    },
    async encode(inputs, signal) {
      const vectors = await encoder.vectors(
        inputs.map((tokens) => ({ tokens })),
        signal,
      );
      for (let at = 0; at < vectors.length; at += size) vectors.set(unitVector(vectors, at, size).unit, at);
      return vectors;
    },
    adapter: () => parameters.adapter,
    parametersChanged: () => encoder.parametersChanged(),
    dispose: () => encoder.dispose(),
  };
}

/** Queries, then positives, then every query's hard negatives. */
function texts({ queries, positives, negatives }: PairBatch): { tokens: Tokens }[] {
  return [...queries, ...positives, ...negatives.flat()].map((tokens) => ({ tokens }));
}
