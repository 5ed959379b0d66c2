import { AttuneError } from '../../errors/attune-error.ts';
import { AdamW, clipFactor, gradientNorm } from './adamw.ts';
import { joinParameters, restoreParameters } from './checkpoint.ts';
import { seedOf } from './random.ts';
import { learningRate } from './schedule.ts';
import type { Checkpoint, TrainHooks, TrainOptions, TrainResult, Validation } from './train-options.ts';
import type { Trainable } from './trainable.ts';

/**
 * Trains until all steps are done, validations stop getting better, or the signal aborts.
 *
 * A run that goes on from any of its checkpoints ends bit for bit like one that never stopped, as long as batches are a
 * function of step and position and the backend repeats itself: the state of the optimiser is in the checkpoint, and
 * what is drawn at random depends on (seed, step, position) alone.
 *
 * @param from an earlier checkpoint of the same run
 * @throws AttuneError `training/diverged` when the loss or the gradient is no finite number; `training/other-checkpoint`
 *   when `from` belongs to other parameters; whatever the trainable or a hook throws, with the last checkpoint safe
 */
export async function train<Batch>(
  trainable: Trainable<Batch>,
  options: TrainOptions,
  hooks: TrainHooks<Batch>,
  from?: Checkpoint,
): Promise<TrainResult> {
  const { parameters } = trainable;
  const { signal } = hooks;
  const optimiser = new AdamW(parameters, { weightDecay: options.weightDecay });
  const validations: Validation[] = from ? [...from.validations] : [];
  let best = from?.best;
  let step = from?.step ?? 0;
  let saved = from;
  if (from) {
    restoreParameters(parameters, from.parameters);
    optimiser.firstMoments.set(from.firstMoments);
    optimiser.secondMoments.set(from.secondMoments);
  }
  trainable.parametersChanged();

  const save = async (): Promise<Checkpoint> => {
    if (saved?.step === step && saved.validations.length === validations.length) return saved;
    saved = {
      step,
      parameters: joinParameters(parameters),
      firstMoments: optimiser.firstMoments.slice(),
      secondMoments: optimiser.secondMoments.slice(),
      validations: [...validations],
      best,
    };
    await hooks.onCheckpoint?.(saved);
    return saved;
  };

  const validate = async (): Promise<void> => {
    const validation = { step, ...(await hooks.validate!(signal)) };
    validations.push(validation);
    const { score } = validation;
    if (!best || isBetter(score, best.score)) best = { step, score, parameters: joinParameters(parameters) };
    hooks.onValidation?.(validation);
  };

  const advance = async (): Promise<void> => {
    const started = performance.now();
    for (const { gradient } of parameters) gradient.fill(0);
    const { accumulation, seed } = options;
    const report = {
      step: step + 1,
      loss: 0,
      learningRate: learningRate(step + 1, options),
      gradientNorm: 0,
      tokens: 0,
    };
    for (let position = 0; position < accumulation; position++) {
      const batch = await hooks.batch(report.step, position);
      const part = await trainable.accumulate(batch, 1 / accumulation, seedOf(seed, report.step, position), signal);
      report.loss += part.loss / accumulation;
      report.tokens += part.tokens;
    }
    // Nothing is changed before this point: an abort within a step leaves the parameters of the step before.
    signal?.throwIfAborted();
    report.gradientNorm = gradientNorm(parameters);
    if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradientNorm)) throw diverged(report.step);
    optimiser.step(report.step, report.learningRate, clipFactor(report.gradientNorm, options.maxGradientNorm));
    trainable.parametersChanged();
    step = report.step;
    hooks.onStep?.({ ...report, seconds: (performance.now() - started) / 1000 });
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      if (hooks.validate && isDue(step, options) && validations.at(-1)?.step !== step) await validate();
      const ended = outOfPatience(validations, options.patience)
        ? 'early'
        : step >= options.steps
          ? 'finished'
          : undefined;
      if (ended) return { ended, checkpoint: await save() };
      if (step > 0 && step % options.checkpointEvery === 0) await save();
      await advance();
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
    return { ended: 'stopped', checkpoint: await save() };
  }
}

function isDue(step: number, { steps, validateEvery }: TrainOptions): boolean {
  return step > 0 && (step === steps || (validateEvery > 0 && step % validateEvery === 0));
}

function outOfPatience(validations: readonly Validation[], patience: number): boolean {
  if (patience === 0) return false;
  let bestAt = -1;
  validations.forEach(({ score }, i) => {
    if (bestAt < 0 || isBetter(score, validations[bestAt]!.score)) bestAt = i;
  });
  return validations.length - 1 - bestAt >= patience;
}

/** A score that is no number is worse than any other, also than those that come after it. */
function isBetter(score: number, best: number): boolean {
  return score > best || (Number.isNaN(best) && !Number.isNaN(score));
}

function diverged(step: number): AttuneError {
  return new AttuneError(
    'training/diverged',
    `Step ${step} gave a loss or a gradient that is no finite number.`,
    'Lower the learning rate or clip the gradient, and go on from the last checkpoint.',
  );
}
