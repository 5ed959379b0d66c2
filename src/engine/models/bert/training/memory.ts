import type { Device } from '../../../runtime/runtime.ts';

const MIB = 2 ** 20;

/**
 * Tokens in a block at once: few enough that what a run touches stays in the processor's caches, enough that matrix
 * products are efficient. Measured in docs/adr/0085.
 */
export const DEFAULT_CHUNK_TOKENS = 1024;

/** Bytes for kept activations. wasm's heap ends at 4 GiB and never shrinks. */
export function defaultMemoryBudget(device: Device): number {
  return device === 'cpu' ? 2048 * MIB : 768 * MIB;
}
