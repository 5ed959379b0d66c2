import { sameShape } from '../graph/shape.ts';
import { byteLength } from '../onnx/data-type.ts';
import { elementCount, type ResidentRuntime, type ResidentTensor, type ResidentType } from './resident.ts';

/** A free tensor is taken for a smaller one when at most this share of it stays unused. */
const WASTE = 0.25;

/**
 * Tensors that are used again: activations and gradients of a training step have the same few sizes in every block, and
 * to allocate them anew costs page faults in Node and whole buffers on a GPU.
 *
 * Contents of a taken tensor are what its last user left there.
 */
export class TensorPool {
  readonly #runtime: ResidentRuntime;
  readonly #free: ResidentTensor[] = [];
  /** The allocated tensor behind each one that was handed out. */
  readonly #owners = new Map<ResidentTensor, ResidentTensor>();

  constructor(runtime: ResidentRuntime) {
    this.#runtime = runtime;
  }

  /** @throws AttuneError `engine/out-of-memory` */
  take<T extends ResidentType>(dataType: T, shape: readonly number[]): ResidentTensor<T> {
    const elements = elementCount(shape);
    let found = -1;
    this.#free.forEach((candidate, i) => {
      const size = elementCount(candidate.shape);
      if (candidate.dataType !== dataType || size < elements || elements < size * (1 - WASTE)) return;
      if (found < 0 || size < elementCount(this.#free[found]!.shape)) found = i;
    });
    const owner = (
      found < 0 ? this.#runtime.tensor(dataType, shape) : this.#free.splice(found, 1)[0]!
    ) as ResidentTensor<T>;
    try {
      const tensor = sameShape(owner.shape, shape) ? owner : owner.view(shape);
      this.#owners.set(tensor, owner);
      return tensor;
    } catch (error) {
      this.#free.push(owner);
      throw error;
    }
  }

  /** Gives tensors back. @throws TypeError for a tensor that was not taken here, or was given back already */
  give(...tensors: readonly ResidentTensor[]): void {
    for (const tensor of tensors) {
      const owner = this.#owners.get(tensor);
      if (!owner) throw new TypeError(`A tensor [${tensor.shape.join(', ')}] was given back that was not taken.`);
      this.#owners.delete(tensor);
      if (tensor !== owner) tensor.dispose();
      this.#free.push(owner);
    }
  }

  /** Bytes of all its tensors, taken and free. */
  get bytes(): number {
    return [...this.#free, ...this.#owners.values()].reduce(
      (sum, { dataType, shape }) => sum + byteLength(dataType, elementCount(shape)),
      0,
    );
  }

  /** Frees what nobody uses: between batches of very different lengths, and at the end. */
  trim(): void {
    for (const tensor of this.#free.splice(0)) tensor.dispose();
  }

  /** Frees everything, tensors that are still out too. */
  dispose(): void {
    this.trim();
    for (const [tensor, owner] of this.#owners) {
      if (tensor !== owner) tensor.dispose();
      owner.dispose();
    }
    this.#owners.clear();
  }
}
