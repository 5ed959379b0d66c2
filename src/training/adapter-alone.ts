import type { TunedAdapter } from '../adapters/adapter-files.ts';
import { modelShape } from '../adapters/model-shape.ts';
import { restoreParameters } from '../engine/training/checkpoint.ts';
import { createLinearTrainer } from '../engine/training/linear-adapter.ts';
import { createLoraParameters } from '../engine/training/lora-parameters.ts';
import type { Checkpoint } from '../engine/training/train-options.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { RunRow } from '../storage/schema.ts';
import { BERT_TARGETS, LLAMA_TARGETS, loraSettings } from './options.ts';
import { trainingSettings } from './settings.ts';

/**
 * The adapter at the best step of a checkpoint, from the settings of its run and the shape of its model alone. It has no
 * share of meaning: that is chosen on the validation part.
 *
 * @throws AttuneError of `openModel`, `modelShape`; `training/other-checkpoint`
 */
export async function adapterAlone(
  { task, modelId, settings, seed }: Pick<RunRow, 'task' | 'modelId' | 'settings' | 'seed'>,
  checkpoint: Checkpoint,
  openModel: (modelId: string) => Promise<ModelFiles>,
): Promise<TunedAdapter> {
  const trained = checkpoint.best?.parameters ?? checkpoint.parameters;
  if (task === 'linear') {
    const { rank, sides, scale, symmetric } = trainingSettings(task, settings);
    const dimensions = rank > 0 ? trained.length / (2 * rank) : Math.sqrt(trained.length);
    const trainer = createLinearTrainer({ dimensions, rank, sides, bias: false, scale, symmetric, seed });
    restoreParameters(trainer.parameters, trained);
    return { kind: 'linear', adapter: trainer.adapter() };
  }
  const { modules, full } = await modelShape(await openModel(modelId), task);
  const targets = task === 'generator' ? LLAMA_TARGETS : BERT_TARGETS;
  const lora = createLoraParameters(modules, loraSettings(trainingSettings(task, settings), targets), seed, full);
  restoreParameters(lora.parameters, trained);
  return { kind: 'lora', adapter: lora.adapter };
}
