/**
 * Attune's run on the examples of prepare.ts: the same data, order, steps and settings as reference.py, so that the
 * two can be held against each other.
 *
 * Run: npx tsx scripts/training/generator/attune.ts [steps]
 * Out: .cache/generator/attune/ (PEFT adapter), .cache/generator/attune.json (losses, seconds)
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { PEFT_CONFIG, PEFT_WEIGHTS } from '../../../src/engine/adapters/peft-config.ts';
import { writePeft } from '../../../src/engine/adapters/write-peft.ts';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import { LLAMA_LINEARS } from '../../../src/engine/models/llama/adapter.ts';
import { llamaTarget } from '../../../src/engine/models/llama/lora.ts';
import { residentNode } from '../../../src/engine/resident/node.ts';
import { AdamW, clipFactor, gradientNorm } from '../../../src/engine/training/adamw.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import type { PreparedExample } from './prepare.ts';

const FOLDER = '.cache/generator';
const BATCH = 4;
const PEAK = 5e-4;
const WARM_UP = 10;

const examples = JSON.parse(readFileSync(`${FOLDER}/train.json`, 'utf8')) as PreparedExample[];
const steps = Math.min(Number(process.argv[2] ?? Infinity), Math.floor(examples.length / BATCH));
const { llama } = await loadModel(await starterModelFiles('SmolLM2-135M-Instruct-Q4_1'));
const trainer = await createGeneratorTrainer({
  loaded: llama,
  runtime: residentNode(2),
  seed: 1,
  lora: { rank: 16, alpha: 32, rankStabilised: false, dropout: 0, targets: LLAMA_LINEARS.map(llamaTarget) },
});
const optimiser = new AdamW(trainer.parameters, { weightDecay: 0 });
const losses: number[] = [];
let seconds = 0;
let tokens = 0;
for (let step = 0; step < steps; step++) {
  const started = performance.now();
  let total = 0;
  for (const { prompt, completion } of examples.slice(step * BATCH, (step + 1) * BATCH)) {
    const example = { tokens: [...prompt, ...completion], lossFrom: prompt.length };
    const part = await trainer.accumulate({ examples: [example] }, 1 / BATCH, step);
    total += part.loss / BATCH;
    tokens += part.tokens;
  }
  // As in reference.py, whose decay runs over all steps from the first one on.
  const rate = PEAK * Math.min(1, (step + 1) / WARM_UP) * Math.max(0.05, 1 - step / steps);
  optimiser.step(step + 1, rate, clipFactor(gradientNorm(trainer.parameters), 1));
  trainer.parametersChanged();
  losses.push(total);
  seconds += (performance.now() - started) / 1000;
  if (step % 10 === 9 || step + 1 === steps) {
    const recent = losses.slice(-10);
    const mean = recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
    console.log(`step ${step + 1}: loss ${mean.toFixed(3)}, ${(seconds / (step + 1)).toFixed(2)} s a step`);
  }
}
const { config, weights } = writePeft(trainer.adapter(), {
  baseModel: 'HuggingFaceTB/SmolLM2-135M-Instruct',
  task: 'CAUSAL_LM',
  dtype: 'F32',
});
mkdirSync(`${FOLDER}/attune`, { recursive: true });
writeFileSync(`${FOLDER}/attune/${PEFT_CONFIG}`, config);
writeFileSync(`${FOLDER}/attune/${PEFT_WEIGHTS}`, new Uint8Array(await weights.arrayBuffer()));
writeFileSync(`${FOLDER}/attune.json`, JSON.stringify({ steps, losses, seconds, tokens }));
