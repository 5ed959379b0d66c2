import { applyLinearAdapter, type LinearAdapter } from '../../engine/adapters/linear-adapter.ts';
import { createLinearTrainer, type VectorBatch } from '../../engine/training/linear-adapter.ts';
import type { Tokens } from '../../engine/training/batches.ts';
import { BatchPlan } from '../batch-plan.ts';
import { batchKeys, exampleText } from '../examples.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import { trainOptions } from '../options.ts';
import { trainingSettings } from '../settings.ts';
import { SCORE_NAMES } from '../score-names.ts';
import { alsoRightAmong } from './also-right.ts';
import { loadEncoder } from './encoder.ts';
import { embeddingSeconds } from './embedding-time.ts';
import { linearTexts } from './linear-texts.ts';
import { hardNegatives, joined } from './mining.ts';
import { createSearchEncoder } from './search-encoder.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';
import { PLAIN_TEXTS, type Encode } from './text-form.ts';
import { weightOfMeaning } from './weight-of-meaning.ts';
import { fillTable, madeUpTable, VectorTable, type VectorSource } from './vector-table.ts';

/**
 * Tunes a matrix over the vectors of a search model of this machine.
 *
 * @throws AttuneError of `prepareLinearOver`, `loadEncoder`; `engine/out-of-memory`
 */
export async function prepareLinear(input: TaskInput): Promise<PreparedTask> {
  return prepareLinearOver(await localVectors(input), input);
}

/** A run over vectors needs no model, and no device. */
export type LinearInput = Omit<TaskInput, 'files' | 'runtime' | 'searchAdapter'> & Partial<Pick<TaskInput, 'runtime'>>;

/**
 * Tunes a matrix over vectors of a search model that stays as it is, wherever it runs. All texts are embedded once;
 * after that a run takes seconds.
 *
 * @throws AttuneError of `trainingExamples`, and whatever `source` throws
 */
export async function prepareLinearOver(source: VectorSource, input: LinearInput): Promise<PreparedTask> {
  const { runtime, seed } = input;
  const settings = trainingSettings('linear', input.settings);
  const texts = await linearTexts(input, settings);
  const { train, judge } = texts;
  const table = await source(texts, input);
  const { dimensions } = table;
  const negatives = await hardNegatives(input, settings, train, PLAIN_TEXTS, async (part, _, kind) =>
    table.of(part, kind),
  );
  const queries = table.of(
    train.map(({ question }) => question),
    'query',
  );
  const positives = table.of(train.map(exampleText), 'passage');
  const wrong = table.of(negatives.flat().map(passageText), 'passage');
  const questions = table.of(judge.questions, 'query');
  const pool = table.of(judge.passages, 'passage');

  const plan = new BatchPlan(train.length, { seed, batchSize: settings.batchSize, keys: batchKeys(train) });
  const alsoRight = alsoRightAmong(train, negatives);
  const { hardNegatives: each } = settings;
  const batchOf = (chosen: readonly number[]): VectorBatch => ({
    queries: rows(queries, chosen, dimensions),
    positives: rows(positives, chosen, dimensions),
    negatives: rows(
      wrong,
      chosen.flatMap((i) => Array.from({ length: each }, (_, n) => i * each + n)),
      dimensions,
    ),
    alsoRight: alsoRight(chosen),
  });
  const trainer = createLinearTrainer({
    dimensions,
    sides: settings.sides,
    rank: settings.rank,
    bias: false,
    scale: settings.scale,
    symmetric: settings.symmetric,
    seed,
  });
  const judged = (adapter: LinearAdapter): [questions: Float32Array, pool: Float32Array] => [
    applyLinearAdapter(adapter, questions, 'query'),
    applyLinearAdapter(adapter, pool, 'passage'),
  ];
  return prepareTask<VectorBatch>({
    trainable: trainer,
    ...(runtime && { runtime }),
    options: trainOptions(settings, plan, seed),
    examples: train.length,
    secondsBefore: table.secondsToFill,
    texts: { questions: texts.questions.length, passages: texts.passages.length },
    scoreName: SCORE_NAMES.linear,
    // The map costs next to nothing beside a step.
    validationTokens: 0,
    batch: (step, position) => batchOf(plan.batch((step - 1) * settings.accumulation + position)),
    longest: () => batchOf(plan.batch(0)),
    validate: async () => judge.score(...judged(trainer.adapter())),
    adapter: async () => {
      const adapter = trainer.adapter();
      return { kind: 'linear', adapter, denseWeight: await weightOfMeaning(judge, ...judged(adapter)) };
    },
  });
}

/** Vectors of the untuned model as the search index has them. */
async function localVectors(model: TaskInput): Promise<VectorSource> {
  const { files, runtime, settings, onProgress } = model;
  const encoder = await loadEncoder(files, trainingSettings('linear', settings).maxTokens, onProgress);
  return async (texts, input) => {
    const frozen = createSearchEncoder(encoder, runtime, input.seed);
    try {
      const { hiddenSize } = encoder.config;
      if (input.probing) {
        const encode: Encode<Tokens> = (tokens, signal, kind) => frozen.encode(tokens, kind, signal);
        const passages = texts.passages.map((text) => ({ headings: [], text }));
        const table = madeUpTable(texts, hiddenSize);
        table.secondsToFill = await embeddingSeconds({ ...texts, passages }, encoder.texts, encode, input.signal);
        return table;
      }
      const table = new VectorTable(hiddenSize);
      const tokens = {
        query: (text: string) => encoder.texts.query(text),
        // Its headings are before it already.
        passage: (text: string) => encoder.texts.passage({ headings: [], text }),
      };
      await fillTable(table, texts, (part, kind) => frozen.encode(part.map(tokens[kind]), kind, input.signal), input);
      return table;
    } finally {
      await frozen.dispose();
    }
  };
}

function rows(vectors: Float32Array, chosen: readonly number[], dimensions: number): Float32Array<ArrayBuffer> {
  return joined(chosen.map((i) => vectors.subarray(i * dimensions, (i + 1) * dimensions)));
}
