import type { Device } from '../../../runtime/runtime.ts';
import type { ResidentRuntime } from '../../../resident/resident.ts';
import type { FrozenFormat } from './frozen-weight.ts';
import type { TunableEncoderOptions } from './tunable-encoder.ts';

const MIB = 2 ** 20;

/** What a trainer lets its caller choose about speed and memory. */
export interface EncoderMemory {
  /** Most tokens in a block at once, padding included. */
  chunkTokens?: number;
  /** Bytes for kept activations; what does not fit runs forward twice. Absent: by device. */
  memoryBudget?: number;
  /** Bytes for cached token vectors where only the top blocks are tuned. */
  cacheBytes?: number;
  /** How frozen weights lie in memory. Absent: `float32`, the fastest. */
  frozen?: FrozenFormat;
}

/**
 * On a processor, few enough tokens that what a block touches stays in its caches, enough that matrix products are
 * efficient; a GPU wants large runs (docs/adr/0085).
 */
const CHUNK_TOKENS: Record<Device, number> = { cpu: 1024, wasm: 1024, webgpu: 4096 };

/** wasm's heap ends at 4 GiB and never shrinks; a laptop's GPU shares its memory with everything else. */
const MEMORY_BUDGET: Record<Device, number> = { cpu: 2048 * MIB, wasm: 768 * MIB, webgpu: 768 * MIB };

const CACHE_BYTES = 512 * MIB;

export function encoderMemory(
  options: EncoderMemory,
  { device, float16 }: ResidentRuntime,
): Pick<TunableEncoderOptions, 'chunkTokens' | 'memoryBudget' | 'cacheBytes' | 'frozen'> {
  return {
    chunkTokens: options.chunkTokens ?? CHUNK_TOKENS[device],
    memoryBudget: options.memoryBudget ?? MEMORY_BUDGET[device],
    cacheBytes: options.cacheBytes ?? CACHE_BYTES,
    // What a GPU cannot compute with is decoded: the same weights.
    frozen: options.frozen === 'float16' && !float16 ? 'float32' : (options.frozen ?? 'float32'),
  };
}
