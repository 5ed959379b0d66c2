/** Runs in the browser: QLoRA on wasm. Called by scripts/training/generator/chromium.ts. */
import { writePeft } from '../../../src/engine/adapters/write-peft.ts';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { PARITY_BASE, PARITY_LORA, PARITY_SEED, parityRun, type ParityRun } from './parity-run.ts';
import type { PreparedExample } from './prepare.ts';

export interface ChromiumRun {
  run: ParityRun;
  heapBytes: number;
  /** The files of a PEFT folder: the configuration, and the weights as a data URL. */
  adapter: { config: string; weights: string };
}

export async function run(request: {
  examples: PreparedExample[];
  steps: number;
  threads: number;
}): Promise<ChromiumRun> {
  const runtime = await residentWasm({ threads: request.threads });
  const { llama: loaded } = await loadModel(await openModel('SmolLM2-135M-Instruct-Q4_1'));
  const trainer = await createGeneratorTrainer({
    loaded,
    runtime,
    lora: PARITY_LORA,
    seed: PARITY_SEED,
    weights: 'stored',
  });
  const run = await parityRun(trainer, request.examples, request.steps);
  const { config, weights } = writePeft(trainer.adapter(), PARITY_BASE);
  return { run, heapBytes: runtime.usage.heapBytes!, adapter: { config, weights: await dataUrl(weights) } };
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(reader.result as string));
    reader.addEventListener('error', () => reject(reader.error as Error));
    reader.readAsDataURL(blob);
  });
}
