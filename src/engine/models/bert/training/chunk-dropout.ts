import type { TensorPool } from '../../../resident/pool.ts';
import type { ResidentTensor } from '../../../resident/resident.ts';
import { dropoutMasks, dropoutRows, MASK_ROWS } from '../../../training/dropout.ts';
import { seedOf } from '../../../training/random.ts';
import type { BertConfig } from '../config.ts';
import { linearShape, type LinearName } from '../weights.ts';
import { masksInput, rowsInput } from './block.ts';
import type { Tensors } from './graph-runner.ts';

/** The masks of a chunk, a function of the seed and of the chunk's place in the batch: its second forward run is alike. */
export class ChunkDropout {
  readonly masks: Tensors;
  readonly #pool: TensorPool;
  readonly #rows = new Map<number, Map<string, ResidentTensor>>();
  readonly #targets: readonly LinearName[];
  readonly #seed: number;
  readonly #tokens: number;

  constructor(
    pool: TensorPool,
    config: BertConfig,
    targets: readonly LinearName[],
    { probability, seed, chunk, tokens }: { probability: number; seed: number; chunk: number; tokens: number },
  ) {
    this.#pool = pool;
    this.#targets = targets;
    this.#seed = seedOf(seed, chunk);
    this.#tokens = tokens;
    const masks = new Map<string, ResidentTensor>();
    for (const width of new Set(targets.map((name) => linearShape(name, config)[0]))) {
      const tensor = pool.take('float32', [MASK_ROWS, width]);
      tensor.write(dropoutMasks(this.#seed, width, probability));
      masks.set(masksInput(width), tensor);
    }
    this.masks = masks;
  }

  /** Which mask each token draws in every linear layer of a block. */
  rowsOf(block: number): Tensors {
    let rows = this.#rows.get(block);
    if (!rows) {
      rows = new Map();
      this.#rows.set(block, rows);
      for (const [index, name] of this.#targets.entries()) {
        const tensor = this.#pool.take('int32', [this.#tokens]);
        tensor.write(dropoutRows(this.#seed, block, index, this.#tokens));
        rows.set(rowsInput(name), tensor);
      }
    }
    return rows;
  }

  free(): void {
    this.#pool.give(...this.masks.values());
    for (const rows of this.#rows.values()) this.#pool.give(...rows.values());
    this.#rows.clear();
  }
}
