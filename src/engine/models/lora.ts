import type { GraphModel } from '../graph/graph.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';

/**
 * Low-rank matrices by the graph's input names, `<module>.lora_A` [r, in] and `<module>.lora_B` [out, r]; the scale
 * alpha/r lies in B already.
 */
export type LoraFeeds = Readonly<Record<string, Tensor>>;

/** What a base model is fed: zeros of rank 1 for every low-rank input of the graph. */
export function zeroLora(runtime: Runtime, model: GraphModel): LoraFeeds {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape } of model.inputs) {
    if (!/\.lora_[AB]$/.test(name)) continue;
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
    feeds[name] = runtime.tensor('float32', new Float32Array(Math.max(...dims)), dims);
  }
  return feeds;
}
