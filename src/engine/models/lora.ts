import { AttuneError } from '../../errors/attune-error.ts';
import { loraScale, type LoraAdapter } from '../adapters/lora-adapter.ts';
import type { GraphModel } from '../graph/graph.ts';
import type { Runtime, Tensor } from '../runtime/runtime.ts';

/**
 * Low-rank matrices by the graph's input names, `<module>.lora_A` [r, in] and `<module>.lora_B` [out, r]; the scale
 * alpha/r lies in B already.
 */
export type LoraFeeds = Readonly<Record<string, Tensor>>;

/** What a base model is fed: zeros of rank 1 for every low-rank input of the graph. */
export function zeroLora(runtime: Runtime, model: Pick<GraphModel, 'inputs'>): LoraFeeds {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape } of model.inputs) {
    if (!/\.lora_[AB]$/.test(name)) continue;
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
    feeds[name] = runtime.tensor('float32', new Float32Array(Math.max(...dims)), dims);
  }
  return feeds;
}

/**
 * What a graph is fed for an adapter: its matrices, and zeros where it changes nothing.
 *
 * @param name of the adapter, for messages
 * @throws AttuneError `adapters/unknown-module`, `adapters/wrong-shape` naming the module that does not fit the graph
 */
export function loraFeeds(
  runtime: Runtime,
  model: Pick<GraphModel, 'inputs'>,
  name: string,
  adapter: LoraAdapter,
): LoraFeeds {
  const feeds: Record<string, Tensor> = { ...zeroLora(runtime, model) };
  const scale = loraScale(adapter.settings);
  for (const [path, { rank, inFeatures, outFeatures, a, b }] of adapter.pairs) {
    const [zeroA, zeroB] = [feeds[`${path}.lora_A`], feeds[`${path}.lora_B`]];
    if (!zeroA || !zeroB) throw misfit('unknown-module', `The adapter ${name} changes ${path}, which is not there`);
    const [wantedIn, wantedOut] = [zeroA.dims[1], zeroB.dims[0]];
    if (wantedIn !== inFeatures || wantedOut !== outFeatures) {
      const sizes = `${inFeatures} to ${outFeatures}, not ${wantedIn} to ${wantedOut}`;
      throw misfit('wrong-shape', `The adapter ${name} maps ${sizes} in ${path}`);
    }
    feeds[`${path}.lora_A`] = runtime.tensor('float32', a, [rank, inFeatures]);
    feeds[`${path}.lora_B`] = runtime.tensor(
      'float32',
      b.map((value) => value * scale),
      [outFeatures, rank],
    );
  }
  return feeds;
}

function misfit(code: string, what: string): AttuneError {
  return new AttuneError(
    `adapters/${code}`,
    `${what}: it was made for another model.`,
    'Switch it off, or choose the model that it was made for.',
  );
}
