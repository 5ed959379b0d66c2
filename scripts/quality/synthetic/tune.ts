import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openAsBlob, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import type { Runtime } from '../../../src/engine/runtime/runtime.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/engine/training/checkpoint.ts';
import type { Checkpoint, Validation } from '../../../src/engine/training/train-options.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';
import type { BertEmbedder } from '../../../src/retrieval/embedder/bert-embedder.ts';
import { createReranker } from '../../../src/retrieval/reranker/create-reranker.ts';
import type { CrossEncoderReranker } from '../../../src/retrieval/reranker/cross-encoder-reranker.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { prepareEmbedder } from '../../../src/training/tasks/embedder.ts';
import { prepareLinear } from '../../../src/training/tasks/linear.ts';
import { prepareReranker } from '../../../src/training/tasks/reranker.ts';
import type { TunedAdapter } from '../../../src/training/tasks/task.ts';
import { scriptRuntime } from '../../training/script-runtime.ts';

const MODEL = 'all-MiniLM-L6-v2';
const FOLDER = '.cache/synthetic/runs';

export interface Tuned {
  adapter: TunedAdapter;
  /** Hash of rows, settings and seed: the same run has the same. */
  id: string;
  steps: number;
  /** Step whose adapter it is. */
  best: number;
  /** Scores on the synthetic validation part; step 0: untuned. */
  validations: Validation[];
}

/** As the tab serves it on wasm: int8. */
export async function baseEmbedder(): Promise<BertEmbedder> {
  return createEmbedder(await starterModelFiles(MODEL), { runtime: servingRuntime(), precision: 'int8' });
}

/** The search model with what was tuned. */
export function tunedEmbedder(base: BertEmbedder, { adapter, id }: Tuned): Embedder {
  return base.tuned({ id, name: 'synthetic', sha256: id, ...adapter });
}

/** A ranking model, as the tab serves it on wasm. */
export async function tunedReranker({ adapter, id }: Tuned): Promise<CrossEncoderReranker> {
  if (adapter.kind !== 'lora') throw new TypeError('A ranking model is a low-rank adapter.');
  const options = { runtime: servingRuntime(), precision: 'int8' } as const;
  return createReranker(
    await starterModelFiles(MODEL),
    { id, name: 'synthetic', sha256: id, adapter: adapter.adapter },
    options,
  );
}

function servingRuntime(): Runtime {
  const threads = process.env['ATTUNE_THREADS'];
  return threads ? nodeRuntime(Number(threads)) : nodeRuntime();
}

const PREPARE = { embedder: prepareEmbedder, linear: prepareLinear, reranker: prepareReranker };

/**
 * What is tuned: the search model, a matrix over its vectors of questions, which takes seconds once all texts are
 * embedded, or a ranking model behind it.
 */
export type Tunable = keyof typeof PREPARE;

/**
 * Tunes with the product's own task; a killed run goes on from its last checkpoint.
 *
 * @param search the tuned search model that a ranking model stands behind; absent: the untuned one
 */
export async function tune(
  what: Tunable,
  rows: readonly ExampleRow[],
  settings: Readonly<Record<string, unknown>>,
  seed: number,
  search?: Tuned,
): Promise<Tuned> {
  const sha256 = createHash('sha256')
    .update(
      JSON.stringify([
        rows.map(({ split, question, passage, headings, negatives }) => [
          split,
          question,
          passage,
          headings,
          negatives,
        ]),
        settings,
        seed,
        ...(what === 'embedder' ? [] : [what]),
        ...(search ? [search.id] : []),
      ]),
    )
    .digest('hex');
  mkdirSync(FOLDER, { recursive: true });
  const run = new RunFiles(`${FOLDER}/${sha256.slice(0, 16)}`);
  const task = await PREPARE[what]({
    files: await starterModelFiles(MODEL),
    runtime: scriptRuntime(),
    settings,
    seed,
    examples: rows,
    memo: run.memo(),
    ...(search && { searchAdapter: async () => search.adapter }),
    onProgress: () => undefined,
  });
  const from = await run.last();
  const validations: Validation[] = from ? run.validations() : [{ step: 0, ...(await task.validate()) }];
  run.keepValidations(validations);
  console.log(
    `${task.options.steps} steps on ${task.examples} rows; untuned ${validations[0]!.score.toFixed(3)} (${task.scoreName})`,
  );
  const { checkpoint } = await task.train(
    {
      onStep: ({ step, loss, seconds }) => {
        if (step % (what === 'linear' ? 50 : 5) === 0)
          console.log(`step ${step}, loss ${loss.toFixed(3)}, ${seconds.toFixed(1)} s`);
      },
      onValidation: (validation) => {
        validations.push(validation);
        run.keepValidations(validations);
        console.log(`step ${validation.step}: ${validation.score.toFixed(3)}`);
      },
      onCheckpoint: (saved) => run.save(saved),
    },
    from,
  );
  const adapter = await task.adapterAt(checkpoint);
  await task.dispose();
  return {
    adapter,
    id: sha256,
    steps: checkpoint.step,
    best: checkpoint.best?.step ?? checkpoint.step,
    validations,
  };
}

class RunFiles {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async last(): Promise<Checkpoint | undefined> {
    const file = `${this.#path}.safetensors`;
    return existsSync(file) ? readCheckpoint(await openAsBlob(file), file) : undefined;
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    writeFileSync(`${this.#path}.next`, new Uint8Array(await writeCheckpoint(checkpoint).arrayBuffer()));
    renameSync(`${this.#path}.next`, `${this.#path}.safetensors`);
  }

  validations(): Validation[] {
    return this.#json('validations') as Validation[];
  }

  keepValidations(validations: Validation[]): void {
    writeFileSync(`${this.#path}.validations.json`, JSON.stringify(validations));
  }

  /** What was mined, for a run that goes on. */
  memo() {
    return {
      get: (key: string) => (existsSync(`${this.#path}.${key}.json`) ? this.#json(key) : undefined),
      set: async (key: string, value: unknown) => writeFileSync(`${this.#path}.${key}.json`, JSON.stringify(value)),
    };
  }

  #json(key: string): unknown {
    return JSON.parse(readFileSync(`${this.#path}.${key}.json`, 'utf8'));
  }
}
