/** Whole training steps, timed: the same on node and in the page. */
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { LLAMA_LINEARS } from '../../../src/engine/models/llama/linears.ts';
import { llamaTarget } from '../../../src/engine/models/llama/lora.ts';
import { fittingWeights, type FrozenWeights } from '../../../src/engine/models/llama/training/frozen-matrix.ts';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { createEmbedderTrainer } from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { AdamW, clipFactor, gradientNorm } from '../../../src/engine/training/adamw.ts';
import { seededRandom } from '../../../src/engine/training/random.ts';
import type { Trainable } from '../../../src/engine/training/trainable.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import type { ModelFiles } from '../../../src/models/contract.ts';

const PAIRS = 32;
const QUERY = 37;
const PASSAGE = 96;
const VOCABULARY = 30_000;

export interface TimedTrainer {
  /** Forward, backward, clipping, AdamW. @returns seconds */
  step(): Promise<number>;
  memoryBytes: number;
  dispose(): Promise<void>;
}

/** all-MiniLM-L6-v2, rank 8 on all six linears, 32 pairs of 37 and 96 tokens, MultipleNegativesRanking. */
export async function embedderSteps(runtime: ResidentRuntime, files: ModelFiles): Promise<TimedTrainer> {
  const config = parseBertConfig(await files.json('config.json'), 'MiniLM');
  const { name } = files.description.files.find((file) => file.name.endsWith('.safetensors'))!;
  const weights = await readBertWeights(await SafetensorsFile.open(await files.blob(name), name), config);
  const lora = { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets: LINEARS };
  const trainer = createEmbedderTrainer({ config, weights, runtime, pooling: 'mean', lora, seed: 1 });
  const random = seededRandom(1);
  const texts = (length: number) =>
    Array.from({ length: PAIRS }, () =>
      Array.from({ length }, () => 1000 + Math.floor(random() * (VOCABULARY - 1000))),
    );
  return timed(trainer, () => ({ queries: texts(QUERY), positives: texts(PASSAGE), negatives: [] }));
}

/** SmolLM2-135M, rank 8 on all seven linears, one sequence, the loss on its last tokens, the answer. */
export async function generatorSteps(
  runtime: ResidentRuntime,
  files: ModelFiles,
  { tokens, answer }: { tokens: number; answer: number },
  wanted: FrozenWeights | 'fitting',
  memoryBudget?: number,
): Promise<TimedTrainer> {
  const { llama: loaded } = await loadModel(files);
  const targets = LLAMA_LINEARS.map(llamaTarget);
  const lora = { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets };
  const weights = wanted === 'fitting' ? fittingWeights(loaded, runtime.device) : wanted;
  const budget = memoryBudget === undefined ? {} : { memoryBudget };
  const trainer = await createGeneratorTrainer({ loaded, runtime, lora, seed: 1, weights, ...budget });
  const random = seededRandom(2);
  const sequence = () => Array.from({ length: tokens }, () => Math.floor(random() * loaded.config.vocabulary));
  return timed(trainer, () => ({ examples: [{ tokens: sequence(), lossFrom: tokens - answer }] }));
}

function timed<Batch>(trainer: Trainable<Batch>, batch: () => Batch): TimedTrainer {
  const optimiser = new AdamW(trainer.parameters, { weightDecay: 0 });
  let steps = 0;
  return {
    async step() {
      const next = batch();
      const started = performance.now();
      for (const { gradient } of trainer.parameters) gradient.fill(0);
      await trainer.accumulate(next, 1, steps);
      optimiser.step(++steps, 1e-4, clipFactor(gradientNorm(trainer.parameters), 1));
      trainer.parametersChanged();
      return (performance.now() - started) / 1000;
    },
    get memoryBytes() {
      return trainer.memoryBytes;
    },
    dispose: () => trainer.dispose(),
  };
}
