import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openAsBlob, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/engine/training/checkpoint.ts';
import type { Checkpoint, Validation } from '../../../src/engine/training/train-options.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { createEmbedder } from '../../../src/retrieval/embedder/create-embedder.ts';
import type { BertEmbedder } from '../../../src/retrieval/embedder/bert-embedder.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { prepareEmbedder } from '../../../src/training/tasks/embedder.ts';
import { prepareLinear } from '../../../src/training/tasks/linear.ts';
import { scriptRuntime } from '../../training/script-runtime.ts';

const MODEL = 'all-MiniLM-L6-v2';
const FOLDER = '.cache/synthetic/runs';

export interface Tuned {
  embedder: Embedder;
  steps: number;
  /** Step whose adapter it is. */
  best: number;
  /** Scores on the synthetic validation part; step 0: untuned. */
  validations: Validation[];
}

/** As the tab serves it on wasm: int8. */
export async function baseEmbedder(): Promise<BertEmbedder> {
  const threads = process.env['ATTUNE_THREADS'];
  const runtime = threads ? nodeRuntime(Number(threads)) : nodeRuntime();
  return createEmbedder(await starterModelFiles(MODEL), { runtime, precision: 'int8' });
}

/**
 * What is tuned: the model, or a matrix over the vectors of questions, which takes seconds once all texts are embedded.
 */
export type SearchTask = 'embedder' | 'linear';

/** Tunes the search model with the product's own task; a killed run goes on from its last checkpoint. */
export async function tune(
  base: BertEmbedder,
  what: SearchTask,
  rows: readonly ExampleRow[],
  settings: Readonly<Record<string, unknown>>,
  seed: number,
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
        ...(what === 'linear' ? [what] : []),
      ]),
    )
    .digest('hex');
  mkdirSync(FOLDER, { recursive: true });
  const run = new RunFiles(`${FOLDER}/${sha256.slice(0, 16)}`);
  const prepare = what === 'linear' ? prepareLinear : prepareEmbedder;
  const task = await prepare({
    files: await starterModelFiles(MODEL),
    runtime: scriptRuntime(),
    settings,
    seed,
    examples: rows,
    memo: run.memo(),
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
  const tuned = task.adapterAt(checkpoint);
  await task.dispose();
  return {
    embedder: base.tuned({ id: sha256, name: 'synthetic', sha256, ...tuned }),
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
