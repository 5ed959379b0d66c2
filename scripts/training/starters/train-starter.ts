import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, openAsBlob, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import type { LoadedLlama } from '../../../src/engine/models/llama/weights.ts';
import { readCheckpoint, restoreParameters, writeCheckpoint } from '../../../src/engine/training/checkpoint.ts';
import { train } from '../../../src/engine/training/train.ts';
import type { Checkpoint } from '../../../src/engine/training/train-options.ts';
import { writeAdapterFolder } from '../generator/adapter-folder.ts';
import { scriptRuntime } from '../script-runtime.ts';
import { BASE_MODEL, STARTER_FOLDER } from './card.ts';
import { STARTER_LORA, type Starter, type StarterData } from './starter.ts';

/** Memory for what blocks keep of their forward run. */
const MEMORY = 4e9;

/**
 * Trains a starter adapter on node and writes its PEFT files; of a killed run the last checkpoint is taken up.
 *
 * @returns names of the files in `public/adapters/<purpose>/`
 */
export async function trainStarter(starter: Starter, data: StarterData, loaded: LoadedLlama): Promise<string[]> {
  const { purpose, options } = starter;
  const trainer = await createGeneratorTrainer({
    loaded,
    runtime: scriptRuntime(),
    lora: STARTER_LORA,
    seed: options.seed,
    memoryBudget: MEMORY,
  });
  const run = new RunFolder(starter, data);
  let steps = 0;
  let seconds = 0;
  const result = await train(
    trainer,
    options,
    {
      batch: (step) => data.batch(step),
      validate: async () => {
        const { loss } = await trainer.evaluate(data.validation);
        return { score: -loss, figures: { loss } };
      },
      onStep: (report) => {
        run.log(report);
        steps++;
        seconds += report.seconds;
        if (report.step % 10 === 0) {
          const left = ((options.steps - report.step) * seconds) / steps / 60;
          const rate = report.tokens / report.seconds;
          console.log(
            `${purpose}: step ${report.step} of ${options.steps}, loss ${report.loss.toFixed(3)}, ` +
              `${rate.toFixed(0)} tokens/s, ${left.toFixed(0)} minutes left`,
          );
        }
      },
      onValidation: (validation) => {
        run.log(validation);
        console.log(`${purpose}: validation loss ${validation.figures['loss']!.toFixed(4)}`);
      },
      onCheckpoint: (checkpoint) => run.save(checkpoint),
    },
    await run.last(),
  );
  const { best } = result.checkpoint;
  if (best) restoreParameters(trainer.parameters, best.parameters);
  const files = await writeAdapterFolder(join(STARTER_FOLDER, purpose), trainer.adapter(), {
    baseModel: BASE_MODEL,
    task: 'CAUSAL_LM',
    dtype: 'F16',
  });
  await trainer.dispose();
  return files;
}

/** Checkpoint and log of a run in `.cache/starters/`; other settings or data make another run. */
class RunFolder {
  #folder: string;

  constructor({ purpose, options }: Starter, { batch, validation }: StarterData) {
    const key = createHash('sha256')
      .update(JSON.stringify([STARTER_LORA, options, batch(1), batch(options.steps), validation]))
      .digest('hex');
    this.#folder = `.cache/starters/${purpose}-${key.slice(0, 12)}`;
    mkdirSync(this.#folder, { recursive: true });
  }

  async last(): Promise<Checkpoint | undefined> {
    const file = this.#file('checkpoint');
    if (!existsSync(file)) return undefined;
    const checkpoint = await readCheckpoint(await openAsBlob(file), file);
    console.log(`goes on from step ${checkpoint.step} of ${file}`);
    return checkpoint;
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    writeFileSync(this.#file('next'), new Uint8Array(await writeCheckpoint(checkpoint).arrayBuffer()));
    renameSync(this.#file('next'), this.#file('checkpoint'));
  }

  log(line: object): void {
    appendFileSync(join(this.#folder, 'log.jsonl'), `${JSON.stringify(line)}\n`);
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.safetensors`);
  }
}
