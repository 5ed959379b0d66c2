import type { ResidentRuntime } from '../engine/resident/resident.ts';
import { residentWasm } from '../engine/resident/wasm.ts';

/** Where training runs in this browser, with its name for people. */
export async function trainingDevice(): Promise<{ runtime: ResidentRuntime; label: string }> {
  const runtime = await residentWasm();
  return { runtime, label: `wasm, ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'}` };
}
