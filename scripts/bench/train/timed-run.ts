import { AdamW, clipFactor, gradientNorm } from '../../../src/engine/training/adamw.ts';
import type { Trainable } from '../../../src/engine/training/trainable.ts';

export interface TimedOptions {
  seconds: number;
  /** Highest learning rate; falls linearly with the time that is left. */
  learningRate: number;
  warmUpSteps: number;
}

export interface TimedRun {
  steps: number;
  seconds: number;
  tokens: number;
  losses: number[];
}

const FLOOR = 0.02;

/** Trains for a stretch of time instead of a number of steps, as long as a person would wait. */
export async function trainForSeconds<Batch>(
  trainer: Trainable<Batch>,
  options: TimedOptions,
  next: () => Batch,
): Promise<TimedRun> {
  const optimiser = new AdamW(trainer.parameters, { weightDecay: 0 });
  const run: TimedRun = { steps: 0, seconds: 0, tokens: 0, losses: [] };
  const started = performance.now();
  while (run.seconds < options.seconds) {
    for (const { gradient } of trainer.parameters) gradient.fill(0);
    const { loss, tokens } = await trainer.accumulate(next(), 1, run.steps);
    run.losses.push(loss);
    run.tokens += tokens;
    run.steps++;
    const rate = Math.min(1, run.steps / options.warmUpSteps) * Math.max(FLOOR, 1 - run.seconds / options.seconds);
    optimiser.step(run.steps, options.learningRate * rate, clipFactor(gradientNorm(trainer.parameters), 1));
    trainer.parametersChanged();
    run.seconds = (performance.now() - started) / 1000;
  }
  return run;
}
