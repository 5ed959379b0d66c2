import { isAbort, toProblem } from '../errors/attune-error.ts';
import { DEMO_STAGES, type DemoStage, type DemoState } from './contract.ts';
import { readyDocuments } from './documents.ts';
import { measureCombinations } from './measuring.ts';
import { readyQuestions } from './questions.ts';
import type { DemoServices, StepContext } from './services.ts';
import { writeDemo } from './state.ts';
import { tuneParts } from './tuning.ts';

const STEPS: Record<DemoStage, (demo: DemoState, context: StepContext) => Promise<void>> = {
  documents: readyDocuments,
  questions: readyQuestions,
  tuning: tuneParts,
  measuring: measureCombinations,
};

/**
 * Goes through the steps from the one that a demonstration stands in. What was begun before is waited for, not begun
 * again. Aborting stops the waiting; what is being computed goes on as a job until it is paused there.
 *
 * @returns how it ended; its row says the same
 */
export async function runDemo(start: DemoState, services: DemoServices, signal: AbortSignal): Promise<DemoState> {
  let demo: DemoState = { ...start, state: 'running' };
  delete demo.problem;
  const keep = async (changes: Partial<DemoState>) => {
    demo = { ...demo, ...changes };
    await writeDemo(services.db, demo);
  };
  await keep({});
  try {
    for (const stage of DEMO_STAGES.slice(DEMO_STAGES.indexOf(demo.stage))) {
      const began = performance.now();
      await keep({ stage });
      await STEPS[stage](demo, { services, keep, signal });
      signal.throwIfAborted();
      await keep({ timings: { ...demo.timings, [stage]: (performance.now() - began) / 1000 } });
    }
    await keep({ state: 'done' });
  } catch (error) {
    if (isAbort(error)) await keep({ state: 'stopped' });
    else await keep({ state: 'failed', problem: toProblem(error) });
  }
  return demo;
}
