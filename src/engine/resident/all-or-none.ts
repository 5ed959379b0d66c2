import type { ResidentRuntime, ResidentTensor } from './resident.ts';

/** What makes tensors. */
export type Allocator = Pick<ResidentRuntime, 'tensor'>;

/**
 * Builds what needs several tensors. Where one of them finds no room, or anything else throws, those made before it are
 * given back: nobody else knows of them yet, and they would take up the very memory that the next try needs.
 *
 * @throws AttuneError `engine/out-of-memory`, and whatever `build` throws
 */
export function allOrNone<T>(runtime: Allocator, build: (allocator: Allocator) => T): T {
  const made: ResidentTensor[] = [];
  const tensor: Allocator['tensor'] = (dataType, shape, numbers) => {
    const one = runtime.tensor(dataType, shape, numbers);
    made.push(one);
    return one;
  };
  try {
    return build({ tensor });
  } catch (error) {
    for (const one of made) one.dispose();
    throw error;
  }
}
