import type { CheckedQuestions, DemoStage, DemoState } from '../../../demo/contract.ts';
import { QUALITY_RULES } from '../../../datasets/settings.ts';
import { count, plural } from '../../format.ts';

/** What happens in each step, before, while and after it does. */
export const STEPS: Record<DemoStage, { title: string; text: string }> = {
  documents: {
    title: 'Read the documents',
    text: 'Every file is cut into passages, and each passage gets a place in the search index.',
  },
  questions: {
    title: 'Write questions',
    text: 'The small answer model reads passages and writes questions about them. Rules take out what no model should learn from, such as questions that do not lead a search back to their passage.',
  },
  tuning: {
    title: 'Tune the models',
    text: 'Low-rank adapters learn from these questions. The models themselves stay as they are.',
  },
  measuring: {
    title: 'Measure',
    text: 'Every combination of base and tuned is asked questions that no training has seen.',
  },
};

/** "52 of 60 questions passed the checks. Taken out: 6 by Round trip, 2 by Near-duplicates." */
export function checkStory({ kept, removed }: CheckedQuestions): string {
  const rules = Object.entries(QUALITY_RULES).flatMap(([key, { label }]) =>
    removed[key] ? [`${count(removed[key])} by ${label}`] : [],
  );
  const all = kept + Object.values(removed).reduce((sum, out) => sum + out, 0);
  const passed = `${count(kept)} of ${plural(all, 'question')} passed the checks.`;
  return rules.length === 0 ? passed : `${passed} Taken out: ${rules.join(', ')}.`;
}

export type StepState = 'done' | 'now' | 'stopped' | 'failed' | 'waiting';

/** How a step stands, from where the demonstration is. */
export function stepState(demo: DemoState, stage: DemoStage, order: readonly DemoStage[]): StepState {
  const [here, at] = [order.indexOf(stage), order.indexOf(demo.stage)];
  if (demo.state === 'done' || here < at) return 'done';
  if (here > at) return 'waiting';
  return demo.state === 'running' ? 'now' : demo.state;
}
