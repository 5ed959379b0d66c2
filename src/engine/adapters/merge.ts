import { AttuneError } from '../../errors/attune-error.ts';
import { toFloat16 } from '../formats/float16.ts';
import type { LazySafetensorsTensor } from '../formats/safetensors-writer.ts';
import { loraScale, type LoraAdapter, type LowRankPair } from './lora-adapter.ts';
import { timesTransposed, transposed } from './products.ts';

export type MergedType = 'F32' | 'F16';

/** A whole model with an adapter in its weights, in Hugging Face's layout: `streamSafetensors` writes the tensors. */
export interface MergedModel {
  /** `config.json` */
  config: Record<string, unknown>;
  /** `model.safetensors`, made one by one. */
  tensors: LazySafetensorsTensor[];
}

/** W + scale·B·A in place, the product in double. @param weight [out, in] */
function mergePair(weight: Float32Array<ArrayBuffer>, pair: LowRankPair, scale: number): Float32Array<ArrayBuffer> {
  const delta = timesTransposed(pair.b, transposed(pair.a, pair.inFeatures), pair.rank);
  for (let i = 0; i < weight.length; i++) weight[i]! += scale * delta[i]!;
  return weight;
}

/** Makes a tensor of the merged file: read, merged where the adapter has a pair for it, and rounded. */
export class Merger {
  readonly #pairs = new Map<string, LowRankPair>();
  readonly #scale: number;
  readonly #dtype: MergedType;
  readonly #unused: Set<string>;

  /** @param plain the module's path in the plain model, whatever class the adapter was trained in */
  constructor(adapter: LoraAdapter, dtype: MergedType, plain: (path: string) => string = (path) => path) {
    for (const [path, pair] of adapter.pairs) this.#pairs.set(`${plain(path)}.weight`, pair);
    this.#scale = loraScale(adapter.settings);
    this.#dtype = dtype;
    this.#unused = new Set(this.#pairs.keys());
  }

  /**
   * @param plainName the tensor's name in the plain model
   * @param name its name in the file
   */
  tensor(
    plainName: string,
    name: string,
    shape: readonly number[],
    read: () => Promise<Float32Array<ArrayBuffer>>,
  ): LazySafetensorsTensor {
    const pair = this.#pairs.get(plainName);
    if (pair && shape.join() !== `${pair.outFeatures},${pair.inFeatures}`) {
      throw misfit(
        'wrong-shape',
        `${plainName} is [${shape.join(', ')}], and the adapter maps ${pair.inFeatures} to ${pair.outFeatures}`,
      );
    }
    this.#unused.delete(plainName);
    const data = async () => {
      const weight = await read();
      return this.#round(pair ? mergePair(weight, pair, this.#scale) : weight);
    };
    return { name, dtype: this.#dtype, shape, data };
  }

  /** A tensor that the adapter brings along whole. */
  whole(name: string, shape: readonly number[], numbers: Float32Array<ArrayBuffer>): LazySafetensorsTensor {
    return { name, dtype: this.#dtype, shape, data: () => Promise.resolve(this.#round(numbers)) };
  }

  #round(numbers: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
    return this.#dtype === 'F16' ? Uint16Array.from(numbers, toFloat16) : numbers;
  }

  /** To be called after all tensors. @throws AttuneError `adapters/unknown-module` when a pair found no weight */
  finish(): void {
    for (const name of this.#unused) throw misfit('unknown-module', `the model has no weight ${name}`);
  }
}

function misfit(code: string, what: string): AttuneError {
  return new AttuneError(
    `adapters/${code}`,
    `The adapter cannot be merged: ${what}.`,
    'Choose the base model that it was trained on.',
  );
}
