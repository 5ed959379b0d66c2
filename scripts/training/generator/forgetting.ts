/**
 * What a tuned generator forgot: perplexity of the base model and of adapters on text that has nothing to do with what
 * they were tuned on (abstracts on aerodynamics), with an interval over abstracts.
 *
 * Run: npx tsx scripts/training/generator/forgetting.ts [--first 60] PEFT folder …
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { pairedDifference } from '../../../src/evaluation/metrics/bootstrap.ts';
import { mean } from '../../../src/evaluation/metrics/ranking.ts';
import { signedInterval, table } from '../report.ts';
import { scriptRuntime } from '../script-runtime.ts';
import { readLoraAdapter } from './adapter-folder.ts';
import { Answerer } from './answerer.ts';
import { PARITY_LORA } from './parity-run.ts';

const FILE = '../shared/data/cranfield/docs.jsonl.gz';
const LONGEST = 256;
const NONE: LoraAdapter = { settings: { ...PARITY_LORA, rank: 1 }, pairs: new Map(), full: new Map() };

if (!existsSync(FILE)) throw new Error(`${FILE} is missing: put the cranfield abstracts there.`);
const { values: flags, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: { first: { type: 'string', default: '60' } },
});
const { llama, tokenizer } = await Answerer.load();
const texts = gunzipSync(readFileSync(FILE)).toString().trim().split('\n').slice(0, Number(flags.first));
const tokens = texts
  .map((line) => tokenizer.encode((JSON.parse(line) as { text: string }).text).slice(0, LONGEST))
  .filter(({ length }) => length > 1);

const base = await losses(NONE);
const rows = [['base', perplexity(base), '']];
for (const folder of folders) {
  const tuned = await losses(await readLoraAdapter(folder, llama.config));
  rows.push([basename(folder), perplexity(tuned), signedInterval(pairedDifference(tuned, base))]);
}
console.log(`\n${tokens.length} abstracts, at most ${LONGEST} tokens each\n`);
table(['system', 'perplexity', 'loss per token, more than the base'], rows);

/** Mean loss of each text's tokens. */
async function losses(adapter: LoraAdapter): Promise<number[]> {
  const trainer = await createGeneratorTrainer({
    loaded: llama,
    runtime: scriptRuntime(),
    lora: adapter.settings,
    seed: 1,
    ...(adapter.pairs.size > 0 && { adapter }),
  });
  const values: number[] = [];
  for (const text of tokens) values.push((await trainer.evaluate({ examples: [{ tokens: text, lossFrom: 0 }] })).loss);
  await trainer.dispose();
  return values;
}

function perplexity(values: number[]): string {
  return Math.exp(mean(values)).toFixed(2);
}
