import type { TensorPool } from '../../../resident/pool.ts';
import type { ResidentTensor } from '../../../resident/resident.ts';

/** What one step takes from a pool; everything goes back at its end, however it ends. */
export class PoolScope {
  readonly #pool: TensorPool;
  readonly #taken = new Set<ResidentTensor>();

  constructor(pool: TensorPool) {
    this.#pool = pool;
  }

  take(shape: readonly number[]): ResidentTensor<'float32'> {
    const tensor = this.#pool.take('float32', shape);
    this.#taken.add(tensor);
    return tensor;
  }

  /** Gives tensors back early; those of other owners are left alone. */
  give(...tensors: readonly ResidentTensor[]): void {
    for (const tensor of tensors) if (this.#taken.delete(tensor)) this.#pool.give(tensor);
  }

  end(): void {
    this.give(...this.#taken);
  }
}
