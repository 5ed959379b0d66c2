import type { TensorPool } from '../../../resident/pool.ts';
import type { Numbers, ResidentTensor, ResidentType } from '../../../resident/resident.ts';

/** What one step takes from a pool; everything goes back at its end, however it ends. */
export class PoolScope {
  readonly #pool: TensorPool;
  readonly #taken = new Set<ResidentTensor>();

  constructor(pool: TensorPool) {
    this.#pool = pool;
  }

  /** A tensor to write to: it holds what its last user left there. @throws AttuneError `engine/out-of-memory` */
  take(shape: readonly number[]): ResidentTensor<'float32'> {
    return this.#take('float32', shape);
  }

  /** A tensor with the given numbers. @throws AttuneError `engine/out-of-memory` */
  filled<T extends ResidentType>(dataType: T, shape: readonly number[], numbers: Numbers<T>): ResidentTensor<T> {
    const tensor = this.#take(dataType, shape);
    tensor.write(numbers);
    return tensor;
  }

  /** Gives tensors back early; those of others are left alone. */
  give(...tensors: readonly ResidentTensor[]): void {
    for (const tensor of tensors) if (this.#taken.delete(tensor)) this.#pool.give(tensor);
  }

  end(): void {
    this.give(...this.#taken);
  }

  #take<T extends ResidentType>(dataType: T, shape: readonly number[]): ResidentTensor<T> {
    const tensor = this.#pool.take(dataType, shape);
    this.#taken.add(tensor);
    return tensor;
  }
}
