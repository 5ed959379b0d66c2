import type { Allocator } from '../../resident/all-or-none.ts';
import type { ResidentTensor } from '../../resident/resident.ts';
import type { AttentionKernels } from './attention.ts';
import type { LlamaConfig } from './config.ts';

/** The inputs that tell the graph where a run of tokens stands; see {@link buildLlamaGraph}. The caller disposes them. */
export function stepInputs(
  allocator: Allocator,
  { slidingWindow }: LlamaConfig,
  kernels: AttentionKernels,
  start: number,
  count: number,
): Map<string, ResidentTensor> {
  const end = start + count;
  const int = (shape: number[], value: number) => allocator.tensor('int32', shape, Int32Array.of(value));
  const inputs = new Map<string, ResidentTensor>([
    ['last', int([1], end - 1)],
    ['total', int([], end)],
  ]);
  if (kernels === 'fused') return inputs;
  const long = count > 1;
  // A single token sees everything that the kernel lets it see: no mask.
  const mask = long
    ? allocator.tensor('float32', [count, end], causalMask(start, count, slidingWindow))
    : allocator.tensor('float32', [1, 1]);
  return inputs
    .set('long', int([], Number(long)))
    .set('start', int([1], start))
    .set('end', int([1], end))
    .set('mask', mask);
}

/** [count, start + count]: 0 where a token may look, -inf for the future and for what lies before its window. */
function causalMask(start: number, count: number, window = Infinity): Float32Array<ArrayBuffer> {
  const columns = start + count;
  const mask = new Float32Array(count * columns).fill(-Infinity);
  for (let row = 0; row < count; row++) {
    const position = start + row;
    const from = Math.max(0, position - window + 1);
    mask.fill(0, row * columns + from, row * columns + position + 1);
  }
  return mask;
}
