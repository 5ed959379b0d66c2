import { applyLinearAdapter } from '../../engine/adapters/linear-adapter.ts';
import { createLinearTrainer, type VectorBatch } from '../../engine/training/linear-adapter.ts';
import { BatchPlan } from '../batch-plan.ts';
import { batchKeys, trainingExamples } from '../examples.ts';
import { trainOptions } from '../options.ts';
import { trainingSettings } from '../settings.ts';
import { SCORE_NAMES } from '../score-names.ts';
import { loadEncoder, type Encode } from './encoder.ts';
import { hardNegatives, joined } from './mining.ts';
import { createRetrievalJudge } from './retrieval-judge.ts';
import { createSearchEncoder } from './search-encoder.ts';
import { prepareTask, type PreparedTask, type TaskInput } from './task.ts';

/**
 * Tunes a matrix over the vectors of a search model that stays as it is. All texts are embedded once; after that a run
 * takes seconds.
 *
 * @throws AttuneError of `trainingExamples`, `loadEncoder`; `engine/out-of-memory`
 */
export async function prepareLinear(input: TaskInput): Promise<PreparedTask> {
  const { files, runtime, seed, signal } = input;
  const settings = trainingSettings('linear', input.settings);
  const examples = trainingExamples(input.examples, 'passage');
  const { train } = examples;
  const encoder = await loadEncoder(files, settings.maxTokens, input.onProgress);
  const { texts } = encoder;
  const dimensions = encoder.config.hiddenSize;
  const judge = await createRetrievalJudge(input, settings, examples, texts);
  const frozen = createSearchEncoder(encoder, runtime, seed);
  try {
    // Untuned, it embeds questions and passages alike: their tokens have the prefixes.
    const encode: Encode = (tokens, signal) => frozen.encode(tokens, 'passage', signal);
    const negatives = await hardNegatives(input, settings, train, texts, encode);
    const cache = new VectorCache(dimensions, (tokens) => encode(tokens, signal), input);
    const queries = await cache.of(train.map(({ question }) => texts.query(question)));
    const positives = await cache.of(train.map(({ headings, passage }) => texts.passage({ headings, text: passage })));
    const wrong = await cache.of(negatives.flat().map((passage) => texts.passage(passage)));
    const questions = await cache.of(judge.questions);
    const pool = await cache.of(judge.poolTokens);

    const plan = new BatchPlan(train.length, { seed, batchSize: settings.batchSize, keys: batchKeys(train) });
    const { hardNegatives: each } = settings;
    const batchOf = (chosen: readonly number[]): VectorBatch => ({
      queries: rows(queries, chosen, dimensions),
      positives: rows(positives, chosen, dimensions),
      negatives: rows(
        wrong,
        chosen.flatMap((i) => Array.from({ length: each }, (_, n) => i * each + n)),
        dimensions,
      ),
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
    return prepareTask<VectorBatch>({
      trainable: trainer,
      runtime,
      options: trainOptions(settings, plan, seed),
      examples: train.length,
      scoreName: SCORE_NAMES.linear,
      // The map costs next to nothing beside a step.
      validationTokens: 0,
      batch: (step, position) => batchOf(plan.batch((step - 1) * settings.accumulation + position)),
      longest: () => batchOf(plan.batch(0)),
      validate: async () => {
        const adapter = trainer.adapter();
        return judge.score(
          applyLinearAdapter(adapter, questions, 'query'),
          applyLinearAdapter(adapter, pool, 'passage'),
        );
      },
      adapter: () => ({ kind: 'linear', adapter: trainer.adapter() }),
    });
  } finally {
    await frozen.dispose();
  }
}

/** Embeds in small parts, with progress; equal texts once. */
class VectorCache {
  readonly #dimensions: number;
  readonly #encode: Encode;
  readonly #input: TaskInput;
  #known = new Map<string, Float32Array>();

  constructor(dimensions: number, encode: Encode, input: TaskInput) {
    this.#dimensions = dimensions;
    this.#encode = encode;
    this.#input = input;
  }

  async of(texts: readonly (readonly number[])[]): Promise<Float32Array<ArrayBuffer>> {
    const missing = new Map(texts.map((tokens) => [tokens.join(), tokens]));
    for (const key of this.#known.keys()) missing.delete(key);
    const wanted = [...missing];
    for (let at = 0; at < wanted.length; at += 64) {
      this.#input.onProgress?.({ stage: 'Embedding', done: at, total: wanted.length });
      const part = wanted.slice(at, at + 64);
      const vectors = await this.#encode(part.map(([, tokens]) => tokens));
      part.forEach(([key], i) => this.#known.set(key, vectors.slice(i * this.#dimensions, (i + 1) * this.#dimensions)));
    }
    return joined(texts.map((tokens) => this.#known.get(tokens.join())!));
  }
}

function rows(vectors: Float32Array, chosen: readonly number[], dimensions: number): Float32Array<ArrayBuffer> {
  return joined(chosen.map((i) => vectors.subarray(i * dimensions, (i + 1) * dimensions)));
}
