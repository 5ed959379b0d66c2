import type { CausalBatch, CausalExample } from '../../engine/training/batches.ts';
import { seededRandom, shuffled } from '../../engine/training/random.ts';
import { fittingWeights, type FrozenWeights } from '../../engine/models/llama/training/frozen-matrix.ts';
import { createGeneratorTrainer } from '../../engine/models/llama/training/trainer.ts';
import type { LoadedLlama } from '../../engine/models/llama/weights.ts';
import type { Device } from '../../engine/runtime/runtime.ts';
import { answerTarget, answerTurns, reasonedTarget, refusalTarget } from '../../chat/prompt/answer-recipe.ts';
import { ChatTokenizer } from '../../generation/local/chat-tokenizer.ts';
import { loadModel } from '../../generation/local/load.ts';
import type { AnswerRecipe, ExampleRow } from '../../storage/schema.ts';
import { BatchPlan } from '../batch-plan.ts';
import { isUnanswerable } from '../../datasets/in-use.ts';
import { distinctPassages, rightPassages, sample, trainingExamples, type PoolPassage } from '../examples.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { LLAMA_TARGETS, loraSettings, trainOptions } from '../options.ts';
import { trainingSettings, type TrainingSettings } from '../settings.ts';
import { SCORE_NAMES } from '../score-names.ts';
import { recipeOf } from './recipe.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';

const STREAM = 0x67656e;

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
  const { train, validation } = trainingExamples(input.examples, 'answer');
  input.onProgress?.({ stage: 'Reading the model', done: 0, total: 1 });
  const model = await loadModel(files, ({ stage, done, total }) => input.onProgress?.({ stage, done, total }));
  const writer = new ExampleWriter(new ChatTokenizer(model.tokenizer), input.settings, seed, [
    ...distinctPassages(train),
    ...distinctPassages(validation),
  ]);
  const learned = train.map((example, i) => writer.write(example, i));
  // Validation always judges the answer, and always has the passage: runs with other knobs stay comparable.
  const judged = sample(validation, settings.validationLimit, seed).map((example, i) => writer.write(example, i, true));
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

/** Writes examples as the chat writes its prompts. */
class ExampleWriter {
  readonly #tokenizer: ChatTokenizer;
  readonly #recipe: AnswerRecipe;
  readonly #settings: ReturnType<typeof trainingSettings<'generator'>>;
  readonly #seed: number;
  readonly #pool: readonly PoolPassage[];
  readonly #end: readonly number[];

  constructor(
    tokenizer: ChatTokenizer,
    settings: Readonly<Record<string, unknown>>,
    seed: number,
    pool: readonly PoolPassage[],
  ) {
    this.#tokenizer = tokenizer;
    this.#settings = trainingSettings('generator', settings);
    this.#recipe = recipeOf(settings);
    this.#seed = seed;
    this.#pool = pool;
    this.#end = turnEnd(tokenizer);
  }

  /** @param judged for validation: the passage is there, and the answer alone is judged */
  write(example: ExampleRow, index: number, judged = false): CausalExample {
    const random = seededRandom(this.#seed, index, judged ? STREAM + 1 : STREAM);
    const { passages: count, refusals, lossOn, maxTokens } = this.#settings;
    // All passages that the question needs, as far as the prompt has places.
    const right = rightPassages(example).slice(0, count);
    const others = this.#distractors(example, random).slice(0, count);
    const answerable = !isUnanswerable(example);
    const refuses = !answerable || (!judged && others.length > 0 && random() < refusals);
    const shown = refuses && answerable ? others : [...right, ...others.slice(0, count - right.length)];
    const passages = shuffled(shown, random);
    const target = refuses ? refusalTarget(this.#recipe) : this.#answer(example, passages, right);
    const completion = [...this.#tokenizer.encode(target), ...this.#end];
    let recipe = this.#recipe;
    for (;;) {
      const prompt = this.#tokenizer.encodeChat(answerTurns(recipe, passages, example.question));
      const tokens = [...prompt, ...completion];
      if (tokens.length <= maxTokens || recipe.passageCharacters < 60) {
        // Too long even so: the end of an answer is lost before its beginning is.
        const kept = tokens.slice(0, Math.max(maxTokens, prompt.length + 1));
        return { tokens: kept, lossFrom: lossOn === 'everything' && !judged ? 0 : prompt.length };
      }
      recipe = { ...recipe, passageCharacters: Math.floor(recipe.passageCharacters * 0.75) };
    }
  }

  #answer({ answer, thought }: ExampleRow, passages: readonly PoolPassage[], right: readonly PoolPassage[]): string {
    const numbers = right.map((passage) => passages.indexOf(passage) + 1).sort((a, b) => a - b);
    return this.#recipe.reasons ? reasonedTarget(answer, numbers, thought) : answerTarget(answer, numbers);
  }

  /** Passages that look right and are not: those that the data set names, then those of the same document. */
  #distractors(example: ExampleRow, random: () => number): PoolPassage[] {
    const own = new Set(rightPassages(example).map(passageText));
    const named = example.negatives.map((text) => ({ text, headings: [], documentKey: '' }));
    const rest = shuffled(
      this.#pool.filter((passage) => !own.has(passageText(passage))),
      random,
    );
    const near = rest.filter(({ documentKey }) => documentKey === example.documentKey);
    const far = rest.filter(({ documentKey }) => documentKey !== example.documentKey);
    return [...shuffled(named, random), ...near, ...far];
  }
}

/** What the template puts behind an answer: the token after which the model is to stop. */
function turnEnd(tokenizer: ChatTokenizer): number[] {
  const question = { role: 'user' as const, content: 'A question' };
  const marker = 'An answer';
  const rendered = tokenizer.render([question, { role: 'assistant', content: marker }]);
  const after = tokenizer.encode(rendered.slice(rendered.indexOf(marker) + marker.length));
  const end = after.find((token) => tokenizer.stopTokens.has(token)) ?? [...tokenizer.stopTokens][0];
  return end === undefined ? [] : [end];
}
