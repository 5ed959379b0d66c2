import type { LoraSettings } from '../engine/adapters/lora-adapter.ts';
import type { FrozenFormat } from '../engine/models/bert/training/frozen-weight.ts';
import type { TrainOptions } from '../engine/training/train-options.ts';
import { planSteps, type BatchPlan } from './batch-plan.ts';
import type { KnobValues } from '../settings/knob.ts';
import type { optimiserKnobs, watchKnobs } from './knobs.ts';
import type { TrainingSettings } from './settings.ts';

type RunSettings = KnobValues<typeof optimiserKnobs & typeof watchKnobs>;

/** The options of the engine's loop from knobs. */
export function trainOptions(settings: RunSettings, plan: BatchPlan, seed: number): TrainOptions {
  const steps = planSteps(plan, settings);
  return {
    steps,
    accumulation: settings.accumulation,
    learningRate: settings.learningRate,
    schedule: settings.schedule,
    warmUpSteps: Math.round(settings.warmUp * steps),
    learningRateFloor: 0,
    weightDecay: settings.weightDecay,
    maxGradientNorm: settings.maxGradientNorm,
    seed,
    validateEvery: settings.validateEvery,
    patience: settings.patience,
    checkpointEvery: settings.checkpointEvery,
  };
}

/** How the frozen weights of an encoder lie in memory, by the knob `weights`. */
export function frozenEncoder(weights: TrainingSettings<'embedder'>['weights']): FrozenFormat {
  return weights === 'stored' ? 'int8' : 'float32';
}

type AdapterSettings = Pick<
  TrainingSettings<'embedder'>,
  'rank' | 'alpha' | 'rankStabilised' | 'dropout' | 'targets' | 'topBlocks'
>;

/** Linear layers by the choice of the knob `targets`. */
export type TargetNames = Record<AdapterSettings['targets'], readonly string[]>;

export const BERT_TARGETS: TargetNames = {
  all: [
    'attention.self.query',
    'attention.self.key',
    'attention.self.value',
    'attention.output.dense',
    'intermediate.dense',
    'output.dense',
  ],
  attention: ['attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense'],
  'query-value': ['attention.self.query', 'attention.self.value'],
};

export const LLAMA_TARGETS: TargetNames = {
  all: [
    'self_attn.q_proj',
    'self_attn.k_proj',
    'self_attn.v_proj',
    'self_attn.o_proj',
    'mlp.gate_proj',
    'mlp.up_proj',
    'mlp.down_proj',
  ],
  attention: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj'],
  'query-value': ['self_attn.q_proj', 'self_attn.v_proj'],
};

export function loraSettings(settings: AdapterSettings, targets: TargetNames): LoraSettings {
  const { rank, alpha, rankStabilised, dropout, topBlocks } = settings;
  return {
    rank,
    alpha,
    rankStabilised,
    dropout,
    targets: targets[settings.targets],
    ...(topBlocks > 0 && { topBlocks }),
  };
}
