/** Runs in the browser: QLoRA on wasm. Called by scripts/training/generator/chromium.ts. */
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { PARITY_LORA, PARITY_SEED, parityRun, type ParityRun } from './parity-run.ts';
import type { PreparedExample } from './prepare.ts';

export async function run(request: {
  examples: PreparedExample[];
  steps: number;
  threads: number;
}): Promise<ParityRun & { heapBytes: number }> {
  const runtime = await residentWasm({ threads: request.threads });
  const { llama: loaded } = await loadModel(await openModel('SmolLM2-135M-Instruct-Q4_1'));
  const trainer = await createGeneratorTrainer({
    loaded,
    runtime,
    lora: PARITY_LORA,
    seed: PARITY_SEED,
    weights: 'stored',
  });
  const result = await parityRun(trainer, request.examples, request.steps);
  return { ...result, heapBytes: runtime.usage.heapBytes! };
}
