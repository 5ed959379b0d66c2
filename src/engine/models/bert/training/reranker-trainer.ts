import { AttuneError } from '../../../../errors/attune-error.ts';
import type { LoraAdapter, LoraSettings } from '../../../adapters/lora-adapter.ts';
import { rankingLoss, type RankingLossKind } from '../../../losses/ranking.ts';
import type { ResidentRuntime } from '../../../resident/resident.ts';
import type { CandidateGroup, RankingBatch } from '../../../training/batches.ts';
import { createLoraParameters, LoraParameters } from '../../../training/lora-parameters.ts';
import type { LossReport, Trainable } from '../../../training/trainable.ts';
import type { BertConfig } from '../config.ts';
import { bertModules } from '../modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX } from '../scoring-head.ts';
import type { BertWeights, NormWeights } from '../weights.ts';
import type { EncoderInput } from './chunks.ts';
import { encoderMemory, type EncoderMemory } from './memory.ts';
import { ScoringHead } from './scoring-head.ts';
import { TunableEncoder } from './tunable-encoder.ts';

export interface RerankerTrainerOptions extends EncoderMemory {
  config: BertConfig;
  weights: BertWeights;
  /** Of the same file, `readPooler`. */
  pooler: NormWeights;
  runtime: ResidentRuntime;
  lora: LoraSettings;
  /** Of the first values of low-rank matrices and classifier. */
  seed: number;
  /** To go on from, instead of a new adapter. */
  adapter?: LoraAdapter;
  loss: RankingLossKind;
}

export type RerankerTrainer = Trainable<RankingBatch> & {
  /** Scores of all pairs, group after group, with the parameters as they are and without `prior`. */
  score(groups: readonly Pick<CandidateGroup, 'pairs' | 'types'>[], signal?: AbortSignal): Promise<Float64Array>;
  /** Shares its arrays with the parameters: copy what has to outlive the next step. */
  adapter(): LoraAdapter;
};

/**
 * Trains a cross-encoder (Nogueira and Cho 2019): query and passage in one sequence, low-rank matrices in the encoder,
 * the classifier in full. The adapter is one of Transformers' `BertForSequenceClassification` with one label.
 *
 * Where groups have a `prior`, the model learns what to add to it: a residual, which begins near nothing.
 *
 * @throws AttuneError `training/no-target`, `training/wrong-model`, `engine/out-of-memory`
 */
export function createRerankerTrainer(options: RerankerTrainerOptions): RerankerTrainer {
  const { config, weights, pooler, runtime, lora, seed, adapter } = options;
  if (config.firstPosition > 0) {
    throw new AttuneError(
      'training/wrong-model',
      'A reranker is made from a model of the BERT family; RoBERTa models score with another kind of head.',
      'Choose a MiniLM, BGE, E5 or GTE model of the type bert.',
    );
  }
  const head = { path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 };
  const parameters = adapter
    ? new LoraParameters(adapter)
    : createLoraParameters(bertModules(config, CLASSIFIER_PREFIX), lora, seed, [head]);
  const scoring = new ScoringHead(pooler, parameters.full(CLASSIFIER)!);
  const encoder = new TunableEncoder({
    config,
    weights,
    runtime,
    lora: parameters,
    pooling: 'cls',
    prefix: CLASSIFIER_PREFIX,
    ...encoderMemory(options, runtime),
  });
  const lossOf = (scores: Float64Array, { groups }: RankingBatch) =>
    rankingLoss(
      options.loss,
      withPrior(scores, groups),
      groups.map(({ pairs }) => pairs.length),
      groups.flatMap(({ labels }) => [...labels]),
    );
  const report = ({ groups }: RankingBatch, loss: number): LossReport => ({
    loss,
    tokens: inputs(groups).reduce((sum, { tokens }) => sum + tokens.length, 0),
    examples: groups.length,
  });
  const score: RerankerTrainer['score'] = async (groups, signal) =>
    scoring.forward(await encoder.vectors(inputs(groups), signal)).scores;

  return {
    parameters: parameters.parameters,
    get memoryBytes() {
      return encoder.memoryBytes;
    },
    async accumulate(batch, weight, seedOfStep, signal) {
      let value = 0;
      await encoder.accumulate(
        inputs(batch.groups),
        (vectors, dVectors) => {
          const { scores, pooled } = scoring.forward(vectors);
          const { loss, gradient } = lossOf(scores, batch);
          value = loss;
          const weighted = gradient.map((slope) => slope * weight);
          scoring.backward(pooled, weighted, dVectors);
        },
        seedOfStep,
        signal,
      );
      return report(batch, value);
    },
    async evaluate(batch, signal) {
      return report(batch, lossOf(await score(batch.groups, signal), batch).loss);
    },
    score,
    adapter: () => parameters.adapter,
    parametersChanged: () => encoder.parametersChanged(),
    dispose: () => encoder.dispose(),
  };
}

/** The prior is a constant, so the gradient by the sum is that by the score. */
function withPrior(scores: Float64Array, groups: readonly CandidateGroup[]): Float64Array {
  const prior = groups.flatMap(({ pairs, prior }) => [...(prior ?? pairs.map(() => 0))]);
  return scores.map((score, i) => score + prior[i]!);
}

function inputs(groups: readonly Pick<CandidateGroup, 'pairs' | 'types'>[]): EncoderInput[] {
  return groups.flatMap(({ pairs, types }) => pairs.map((tokens, i) => ({ tokens, types: types[i] })));
}
