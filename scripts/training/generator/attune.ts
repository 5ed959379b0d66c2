/**
 * Attune's run on the examples of prepare.ts: the same data, order, steps and settings as reference.py, so that the
 * two can be held against each other.
 *
 * Run: npx tsx scripts/training/generator/attune.ts [--steps N] [--form plain|reasons]
 * Out: .cache/generator/attune/ (PEFT adapter), .cache/generator/attune.json (losses, seconds); of another form, by its name
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { scriptRuntime } from '../script-runtime.ts';
import { writeAdapterFolder } from './adapter-folder.ts';
import { PARITY_BASE, PARITY_LORA, PARITY_SEED, parityRun } from './parity-run.ts';
import type { PreparedExample } from './prepare.ts';

const FOLDER = '.cache/generator';
const { values: flags } = parseArgs({
  options: { steps: { type: 'string', default: 'Infinity' }, form: { type: 'string' } },
});
const name = flags.form ?? 'attune';
const data = flags.form === undefined ? 'train' : `${flags.form}-train`;

const examples = JSON.parse(readFileSync(`${FOLDER}/${data}.json`, 'utf8')) as PreparedExample[];
const { llama } = await loadModel(await starterModelFiles('SmolLM2-135M-Instruct-Q4_1'));
const trainer = await createGeneratorTrainer({
  loaded: llama,
  runtime: scriptRuntime(),
  seed: PARITY_SEED,
  lora: PARITY_LORA,
});
const run = await parityRun(trainer, examples, Number(flags.steps), ({ steps, losses, seconds }) => {
  if (steps % 10 !== 0 && steps > 5) return;
  const recent = losses.slice(-10);
  const mean = recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
  console.log(`step ${steps}: loss ${mean.toFixed(3)}, ${(seconds / steps).toFixed(2)} s a step`);
});
await writeAdapterFolder(`${FOLDER}/${name}`, trainer.adapter(), PARITY_BASE);
writeFileSync(`${FOLDER}/${name}.json`, JSON.stringify(run));
await trainer.dispose();
