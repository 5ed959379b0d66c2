import type { LoraAdapter, LoraSettings } from '../../../adapters/lora-adapter.ts';
import { contrastiveLoss, DEFAULT_SCALE, type ContrastiveOptions } from '../../../losses/contrastive.ts';
import { distillationLoss, type DistillationKind } from '../../../losses/distillation.ts';
import { unitVector } from '../../../losses/unit-length.ts';
import type { ResidentRuntime } from '../../../resident/resident.ts';
import type { PairBatch, Tokens } from '../../../training/batches.ts';
import { createLoraParameters, LoraParameters } from '../../../training/lora-parameters.ts';
import type { LossReport, Trainable } from '../../../training/trainable.ts';
import type { BertConfig } from '../config.ts';
import { bertModules } from '../modules.ts';
import type { Pooling } from '../pooling.ts';
import type { BertWeights } from '../weights.ts';
import { encoderMemory, type EncoderMemory } from './memory.ts';
import { TunableEncoder } from './tunable-encoder.ts';

export interface EmbedderTrainerOptions extends EncoderMemory {
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
  /** Learns from batches' `teacherScores` too; `weight` is this loss's share of the whole, 1 leaves it alone. */
  distillation?: { kind: DistillationKind; weight: number };
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
    prefix: '',
    ...encoderMemory(options, runtime),
  });
  const loss: ContrastiveOptions = { scale: DEFAULT_SCALE, ...options.loss };
  const size = config.hiddenSize;
  const lossOf = (vectors: Float32Array, batch: PairBatch, gradient?: Float32Array, weight = 1): number => {
    const queries = batch.queries.length;
    const { alsoRight } = batch;
    const asked = { ...loss, ...(alsoRight && { alsoRight }) };
    const { kind, weight: share } = options.distillation ?? { kind: 'kl', weight: 0 };
    let value =
      share < 1 ? (1 - share) * contrastiveLoss(vectors, size, queries, asked, gradient, weight * (1 - share)) : 0;
    if (share > 0) {
      if (!batch.teacherScores) throw new TypeError('A batch has no teacher scores to learn from.');
      const { teacherScores } = batch;
      value +=
        share * distillationLoss(kind, vectors, size, queries, teacherScores, loss.scale, gradient, weight * share);
    }
    return value;
  };
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
          value = lossOf(vectors, batch, gradient, weight);
        },
        seedOfStep,
        signal,
      );
      return report(batch, value);
    },
    async evaluate(batch, signal) {
      return report(batch, lossOf(await encoder.vectors(texts(batch), signal), batch));
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
