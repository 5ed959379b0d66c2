import type { TrainOptions } from './train-options.ts';

type Schedule = Pick<TrainOptions, 'steps' | 'learningRate' | 'schedule' | 'warmUpSteps' | 'learningRateFloor'>;

/**
 * Learning rate of a step: a linear warm-up times a decay that is laid over the whole run and kept above the floor.
 *
 * @param step from 1 to `steps`
 */
export function learningRate(step: number, options: Schedule): number {
  const { steps, learningRate: peak, schedule, warmUpSteps, learningRateFloor } = options;
  const warmUp = warmUpSteps > 0 ? Math.min(1, step / warmUpSteps) : 1;
  return peak * warmUp * Math.max(learningRateFloor, DECAY[schedule]((step - 1) / steps));
}

/** Share of the learning rate by the share of the run that is over, from 1 to 0. */
const DECAY: Record<Schedule['schedule'], (progress: number) => number> = {
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  constant: () => 1,
};
