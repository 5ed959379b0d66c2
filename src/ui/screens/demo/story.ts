import type { DemoStage, DemoState } from '../../../demo/contract.ts';

/** What happens in each step, before, while and after it does. */
export const STEPS: Record<DemoStage, { title: string; text: string }> = {
  documents: {
    title: 'Read the documents',
    text: 'Every file is cut into passages, and each passage gets a place in the search index.',
  },
  questions: {
    title: 'Write questions',
    text: 'The small answer model reads passages and writes questions about them; those that a search cannot lead back to their passage are dropped.',
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

export type StepState = 'done' | 'now' | 'stopped' | 'failed' | 'waiting';

/** How a step stands, from where the demonstration is. */
export function stepState(demo: DemoState, stage: DemoStage, order: readonly DemoStage[]): StepState {
  const [here, at] = [order.indexOf(stage), order.indexOf(demo.stage)];
  if (demo.state === 'done' || here < at) return 'done';
  if (here > at) return 'waiting';
  return demo.state === 'running' ? 'now' : demo.state;
}
