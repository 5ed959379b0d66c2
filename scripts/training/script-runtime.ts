import { residentNode } from '../../src/engine/resident/node.ts';
import type { ResidentRuntime } from '../../src/engine/resident/resident.ts';

/**
 * onnxruntime-node for long runs. `ATTUNE_THREADS` sets its threads: on a machine that does other things one is faster
 * than two that wait for each other.
 */
export function scriptRuntime(): ResidentRuntime {
  const threads = process.env['ATTUNE_THREADS'];
  return threads ? residentNode(Number(threads)) : residentNode();
}
