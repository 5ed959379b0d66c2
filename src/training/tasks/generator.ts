import type { CausalBatch, CausalExample } from '../../engine/training/batches.ts';
import { fittingWeights, type FrozenWeights } from '../../engine/models/llama/training/frozen-matrix.ts';
import { createGeneratorTrainer } from '../../engine/models/llama/training/trainer.ts';
import type { LoadedLlama } from '../../engine/models/llama/weights.ts';
import type { Device } from '../../engine/runtime/runtime.ts';
import { ChatTokenizer } from '../../generation/local/chat-tokenizer.ts';
import { loadModel } from '../../generation/local/load.ts';
import { BatchPlan } from '../batch-plan.ts';
import { trainingExamples } from '../examples.ts';
import { LLAMA_TARGETS, loraSettings, trainOptions } from '../options.ts';
import { trainingSettings, type TrainingSettings } from '../settings.ts';
import { SCORE_NAMES } from '../score-names.ts';
import { answerExamples } from './answer-examples.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';

/**
 * Tunes an answer model (a Llama-family decoder) on questions with their passages: the prompt is the chat's own, the
 * right passage stands among others of the data set, and the answer cites it. The score is the mean probability of a
 * token of the right answers (the inverse of their perplexity).
 *
 * @throws AttuneError of `trainingExamples`, `loadModel`, `createGeneratorTrainer`
 */
export async function prepareGenerator(input: TaskInput): Promise<PreparedTask> {
  const { files, runtime, seed } = input;
  const settings = trainingSettings('generator', input.settings);
  const examples = trainingExamples(input.examples, 'answer');
  input.onProgress?.({ stage: 'Reading the model', done: 0, total: 1 });
  const model = await loadModel(files, ({ stage, done, total }) => input.onProgress?.({ stage, done, total }));
  const { learned, judged } = answerExamples(new ChatTokenizer(model.tokenizer), examples, input);
  const trainer = await createGeneratorTrainer({
    loaded: model.llama,
    runtime,
    lora: loraSettings(settings, LLAMA_TARGETS),
    seed,
    weights: frozenWeights(settings.weights, model.llama, runtime.device),
    packing: settings.packing,
  });
  const lengths = learned.map(({ tokens }) => tokens.length);
  const plan = new BatchPlan(learned.length, { seed, batchSize: settings.batchSize, lengths });
  const { accumulation } = settings;
  const judgedBatches = byLength(judged, settings.batchSize);

  return prepareTask<CausalBatch>({
    trainable: trainer,
    runtime,
    options: trainOptions(settings, plan, seed),
    examples: learned.length,
    scoreName: SCORE_NAMES.generator,
    validationTokens: judged.reduce((sum, { tokens }) => sum + tokens.length, 0),
    batch: (step, position) => ({
      examples: plan.batch((step - 1) * accumulation + position).map((i) => learned[i]!),
    }),
    longest: () => ({
      examples: learned.toSorted((a, b) => b.tokens.length - a.tokens.length).slice(0, settings.batchSize),
    }),
    async validate(signal) {
      let [sum, count] = [0, 0];
      for (const examples of judgedBatches) {
        const losses = await trainer.tokenLosses({ examples }, signal);
        for (const loss of losses) sum += loss;
        count += losses.length;
      }
      const loss = sum / count;
      return { score: Math.exp(-loss), figures: { loss } };
    },
    adapter: () => ({ kind: 'lora', adapter: trainer.adapter() }),
  });
}

function frozenWeights(
  wanted: TrainingSettings<'generator'>['weights'],
  model: LoadedLlama,
  device: Device,
): FrozenWeights {
  if (wanted === 'fitting') return fittingWeights(model, device);
  return wanted === 'full' ? 'float32' : 'stored';
}

/** Short sequences with short ones, so that little is padded. */
function byLength(examples: readonly CausalExample[], size: number): CausalExample[][] {
  const order = examples.toSorted((a, b) => a.tokens.length - b.tokens.length);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}
