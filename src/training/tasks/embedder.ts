import { createEmbedderTrainer } from '../../engine/models/bert/training/embedder-trainer.ts';
import type { PairBatch } from '../../engine/training/batches.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { BatchPlan } from '../batch-plan.ts';
import { batchKeys, limitQuestions, trainingExamples } from '../examples.ts';
import { BERT_TARGETS, frozenEncoder, loraSettings, trainOptions } from '../options.ts';
import { trainingSettings } from '../settings.ts';
import { SCORE_NAMES } from '../score-names.ts';
import { alsoRightAmong } from './also-right.ts';
import { loadEncoder } from './encoder.ts';
import { hardNegatives, miningSeconds } from './mining.ts';
import { createRetrievalJudge } from './retrieval-judge.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';
import { weightOfMeaning } from './weight-of-meaning.ts';

/**
 * Tunes a search model (a BERT-family encoder) so that questions find their passages: the right passage of each question
 * against those of the other questions of its batch and mined hard negatives. Passages are embedded with their headings
 * and the model's prefixes, as the search index does it.
 *
 * @throws AttuneError of `trainingExamples`, `loadEncoder`; `training/bad-matryoshka`; `engine/out-of-memory`
 */
export async function prepareEmbedder(input: TaskInput): Promise<PreparedTask> {
  const { files, runtime, seed } = input;
  const settings = trainingSettings('embedder', input.settings);
  const examples = trainingExamples(input.examples, 'passage');
  const train = limitQuestions(examples.train, settings.examplesLimit, seed);
  const { config, weights, recipe, texts } = await loadEncoder(files, settings.maxTokens, input.onProgress);
  const judge = await createRetrievalJudge(input, settings, examples, texts);
  const trainer = createEmbedderTrainer({
    config,
    weights,
    runtime,
    pooling: recipe.pooling,
    lora: loraSettings(settings, BERT_TARGETS),
    seed,
    chunkTokens: settings.chunkTokens,
    frozen: frozenEncoder(settings.weights),
    loss: {
      scale: settings.scale,
      symmetric: settings.symmetric,
      dimensions: matryoshkaSizes(settings.matryoshka, config.hiddenSize),
    },
  });
  const encode = trainer.encode.bind(trainer);
  const mining = [input, settings, train, texts, encode] as const;
  const [negatives, secondsBefore] = await Promise.all([
    hardNegatives(...mining),
    input.probing ? miningSeconds(...mining) : undefined,
  ]).catch(async (error: unknown) => {
    // Paused while it searches: nobody else knows of the trainer yet.
    await trainer.dispose();
    throw error;
  });
  const pairs = train.map((example, i) => ({
    query: texts.query(example.question),
    positive: texts.passage({ headings: example.headings, text: example.passage }),
    negatives: negatives[i]!.map((passage) => texts.passage(passage)),
  }));
  const alsoRight = alsoRightAmong(train, negatives);
  const plan = new BatchPlan(pairs.length, { seed, batchSize: settings.batchSize, keys: batchKeys(train) });
  const batchOf = (chosen: readonly number[]): PairBatch => ({
    queries: chosen.map((i) => pairs[i]!.query),
    positives: chosen.map((i) => pairs[i]!.positive),
    negatives: settings.hardNegatives > 0 ? chosen.map((i) => pairs[i]!.negatives) : [],
    alsoRight: alsoRight(chosen),
  });
  const judged = async (signal?: AbortSignal): Promise<[questions: Float32Array, pool: Float32Array]> => {
    const vectors = await encode([...judge.questions, ...judge.passages], signal);
    const split = judge.questions.length * config.hiddenSize;
    return [vectors.subarray(0, split), vectors.subarray(split)];
  };
  const length = ({ query, positive, negatives: wrong }: (typeof pairs)[number]) =>
    query.length + positive.length + wrong.reduce((sum, tokens) => sum + tokens.length, 0);

  return prepareTask<PairBatch>({
    trainable: trainer,
    runtime,
    options: trainOptions(settings, plan, seed),
    examples: pairs.length,
    secondsBefore,
    scoreName: SCORE_NAMES.embedder,
    validationTokens: judge.length,
    batch: (step, position) => batchOf(plan.batch((step - 1) * settings.accumulation + position)),
    longest: () => {
      const order = pairs.map((_, i) => i).sort((a, b) => length(pairs[b]!) - length(pairs[a]!));
      return batchOf(order.slice(0, settings.batchSize));
    },
    validate: async (signal) => judge.score(...(await judged(signal))),
    adapter: async (signal) => ({
      kind: 'lora',
      adapter: trainer.adapter(),
      denseWeight: await weightOfMeaning(judge, ...(await judged(signal))),
    }),
  });
}

/** "256, 128" -> [full, 256, 128]; empty: the full size alone. @throws AttuneError `training/bad-matryoshka` */
export function matryoshkaSizes(text: string, full: number): number[] | undefined {
  if (text.trim() === '') return undefined;
  const sizes = text
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
    .map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1 || size > full)) {
    throw new AttuneError(
      'training/bad-matryoshka',
      `“${text}” is no list of vector sizes from 1 to ${full}.`,
      'Write whole numbers with commas between, such as 256, 128.',
    );
  }
  return [...new Set([full, ...sizes])].sort((a, b) => b - a);
}
