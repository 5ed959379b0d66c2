import { LLAMA_LINEARS } from '../../../src/engine/models/llama/linears.ts';
import { llamaTarget } from '../../../src/engine/models/llama/lora.ts';
import type { LoraSettings } from '../../../src/engine/adapters/lora-adapter.ts';
import type { PeftOptions } from '../../../src/engine/adapters/write-peft.ts';
import { AdamW, clipFactor, gradientNorm } from '../../../src/engine/training/adamw.ts';
import type { CausalBatch } from '../../../src/engine/training/batches.ts';
import type { Trainable } from '../../../src/engine/training/trainable.ts';
import type { PreparedExample } from './prepare.ts';

/** Settings of reference.py. */
export const PARITY_LORA: LoraSettings = {
  rank: 16,
  alpha: 32,
  rankStabilised: false,
  dropout: 0,
  targets: LLAMA_LINEARS.map(llamaTarget),
};
export const PARITY_SEED = 1;
/** What the adapters of both sides say that they are made for. */
export const PARITY_BASE: PeftOptions = {
  baseModel: 'HuggingFaceTB/SmolLM2-135M-Instruct',
  task: 'CAUSAL_LM',
  dtype: 'F32',
};
const BATCH = 4;
const PEAK = 5e-4;
const WARM_UP = 10;
const FLOOR = 0.05;

export interface ParityRun {
  steps: number;
  losses: number[];
  seconds: number;
  tokens: number;
}

/**
 * The steps of reference.py on the same examples in the same order.
 *
 * @param most steps to run; the schedule is laid over all of them as if none were left out
 */
export async function parityRun(
  trainer: Trainable<CausalBatch>,
  examples: readonly PreparedExample[],
  most = Infinity,
  onStep?: (run: ParityRun) => void,
): Promise<ParityRun> {
  const all = Math.floor(examples.length / BATCH);
  const optimiser = new AdamW(trainer.parameters, { weightDecay: 0 });
  const run: ParityRun = { steps: 0, losses: [], seconds: 0, tokens: 0 };
  while (run.steps < Math.min(most, all)) {
    const started = performance.now();
    for (const { gradient } of trainer.parameters) gradient.fill(0);
    let loss = 0;
    for (const { prompt, completion } of examples.slice(run.steps * BATCH, (run.steps + 1) * BATCH)) {
      const example = { tokens: [...prompt, ...completion], lossFrom: prompt.length };
      const part = await trainer.accumulate({ examples: [example] }, 1 / BATCH, run.steps);
      loss += part.loss / BATCH;
      run.tokens += part.tokens;
    }
    const rate = PEAK * Math.min(1, (run.steps + 1) / WARM_UP) * Math.max(FLOOR, 1 - run.steps / all);
    optimiser.step(++run.steps, rate, clipFactor(gradientNorm(trainer.parameters), 1));
    trainer.parametersChanged();
    run.losses.push(loss);
    run.seconds += (performance.now() - started) / 1000;
    onStep?.(run);
  }
  return run;
}
