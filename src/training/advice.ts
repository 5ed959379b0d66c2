import type { RunRow } from '../storage/schema.ts';
import type { TrainingAdvice, TrainingEstimate } from './contract.ts';
import { trainingSettings } from './settings.ts';

/** Runs above this are worth a word on how to make them shorter. */
const LONG_SECONDS = 45 * 60;

type Advised = Pick<RunRow, 'task' | 'settings'>;

/** What to change where a run does not fit, or would take very long. */
export function adviceFor(
  run: Advised,
  estimate: Pick<TrainingEstimate, 'fits' | 'seconds' | 'secondsBefore' | 'steps'>,
): TrainingAdvice[] {
  return estimate.fits ? shorterAdvice(run, estimate) : smallerAdvice(run);
}

/** What saves memory, the least harmful first; each names the knob and the value. */
function smallerAdvice({ task, settings: overrides }: Advised): TrainingAdvice[] {
  const settings: Record<string, number | string | boolean> = trainingSettings(task, overrides);
  const advice: TrainingAdvice[] = [];
  const halve = (knob: string, least: number, text: (value: number) => string, step = 1) => {
    const value = Math.floor(Number(settings[knob]) / 2 / step) * step;
    if (knob in settings && value >= least) advice.push({ knob, value, text: text(value) });
  };
  if (settings['weights'] === 'full' || settings['weights'] === 'fitting') {
    const text = `Keep the frozen weights ${task === 'generator' ? 'as they are stored' : 'in eight bits'}.`;
    advice.push({ knob: 'weights', value: 'stored', text });
  }
  halve('chunkTokens', 128, (value) => `Compute ${value} tokens at a time: the result is the same.`, 128);
  if (task !== 'embedder' && task !== 'linear') halve('batchSize', 1, (value) => `Make batches of ${value}.`);
  halve('maxTokens', 64, (value) => `Read at most ${value} tokens of a text.`, 8);
  if (Number(settings['topBlocks'] ?? 1) === 0) {
    advice.push({ knob: 'topBlocks', value: 3, text: 'Adapt the top three blocks only.' });
  }
  return advice;
}

function shorterAdvice(
  { task, settings: overrides }: Advised,
  { seconds, secondsBefore = 0, steps }: Pick<TrainingEstimate, 'seconds' | 'secondsBefore' | 'steps'>,
): TrainingAdvice[] {
  if (seconds < LONG_SECONDS) return [];
  const settings: Record<string, number | string | boolean> = trainingSettings(task, overrides);
  const advice: TrainingAdvice[] = [];
  const fewer = Math.floor((steps * (LONG_SECONDS - secondsBefore)) / (seconds - secondsBefore));
  if (fewer >= 10) {
    advice.push({
      knob: 'steps',
      value: fewer,
      text: `${fewer} steps take about ${Math.round(LONG_SECONDS / 60)} minutes.`,
    });
  }
  if (secondsBefore > seconds / 2 && settings['negativesFrom'] === 'workspace') {
    advice.push({ knob: 'negativesFrom', value: 'dataset', text: 'Look for wrong passages in the data set alone.' });
  }
  if (settings['targets'] === 'all') {
    advice.push({ knob: 'targets', value: 'attention', text: 'Adapt the attention layers only.' });
  }
  if (Number(settings['maxTokens']) > 128) {
    advice.push({ knob: 'maxTokens', value: 128, text: 'Read at most 128 tokens of a text.' });
  }
  return advice;
}
