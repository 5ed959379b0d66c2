/** Runs in the browser: training steps on wasm. Called by scripts/bench/train.ts. */
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { embedderSteps, generatorSteps } from './steps.ts';

export interface PageSteps {
  seconds: number[];
  /** The whole wasm heap afterwards: it never shrinks, so this is its peak. */
  heapBytes: number;
}

export async function embedder({ threads, steps }: { threads: number; steps: number }): Promise<PageSteps> {
  const runtime = await residentWasm({ threads });
  const trainer = await embedderSteps(runtime, await openModel('all-MiniLM-L6-v2'));
  return measure(trainer.step, steps, () => runtime.usage.heapBytes!);
}

/** On the weights of the quantised file, in memory as the app lets them lie there. */
export async function generator(request: {
  threads: number;
  steps: number;
  tokens: number;
  memoryBudget?: number;
}): Promise<PageSteps> {
  const { threads, steps, tokens, memoryBudget } = request;
  const runtime = await residentWasm({ threads });
  const files = await openModel('SmolLM2-135M-Instruct-Q4_1');
  const trainer = await generatorSteps(runtime, files, { tokens, answer: tokens }, 'fitting', memoryBudget);
  return measure(trainer.step, steps, () => runtime.usage.heapBytes!);
}

async function measure(step: () => Promise<number>, steps: number, heap: () => number): Promise<PageSteps> {
  const seconds: number[] = [];
  for (let i = 0; i < steps; i++) seconds.push(await step());
  return { seconds, heapBytes: heap() };
}
