import { AttuneError } from '../../../../errors/attune-error.ts';
import type { Allocator } from '../../../resident/all-or-none.ts';
import type { ResidentTensor } from '../../../resident/resident.ts';
import type { LoraParameters } from '../../../training/lora-parameters.ts';
import type { Parameter } from '../../../training/trainable.ts';
import { GROUP_NAMES, type GroupName } from '../block.ts';
import { linearShape } from '../weights.ts';
import type { BackwardGraph } from './block-graphs.ts';
import { groupShape, type BlockKind } from './block.ts';
import { outputFactor } from './frozen-block.ts';

/** Where a low-rank pair lies within the joined matrices of its group. */
interface Place {
  group: GroupName;
  a: Parameter;
  b: Parameter;
  rank: number;
  inFeatures: number;
  outFeatures: number;
  /** First row of A and column of B; first row of B. */
  rankAt: number;
  outAt: number;
  groupRank: number;
  /** What the frozen side is scaled by is in B too: the adapter's scale, and the queries'. */
  factor: number;
}

/** The low-rank matrices of one block: parameters on the CPU, joined by group on the device. */
export class AdapterBlock {
  /** By the input names of the block's graphs. */
  readonly tensors: ReadonlyMap<string, ResidentTensor<'float32'>>;
  readonly #places: Place[] = [];

  /**
   * @param path of the block: `encoder.layer.3`
   * @throws AttuneError `training/uneven-adapter` when an adapter to go on from lacks a pair, or has it in another rank
   */
  constructor(allocator: Allocator, kind: BlockKind, lora: LoraParameters, path: string, scale: number) {
    const tensors = new Map<string, ResidentTensor<'float32'>>();
    for (const group of GROUP_NAMES) {
      const { names, adapted, inFeatures, outFeatures, rank } = groupShape(kind, group);
      if (rank === 0) continue;
      tensors.set(`${group}.a`, allocator.tensor('float32', [rank, inFeatures]));
      tensors.set(`${group}.b`, allocator.tensor('float32', [outFeatures, rank]));
      let outAt = 0;
      for (const name of names) {
        const [, rows] = linearShape(name, kind.config);
        const pair = adapted.includes(name) ? lora.pair(`${path}.${name}`) : undefined;
        if (adapted.includes(name) && pair?.a.shape[0] !== kind.rank) throw uneven(`${path}.${name}`, kind.rank);
        if (pair) {
          const factor = scale * outputFactor(name, kind.config);
          const rankAt = adapted.indexOf(name) * kind.rank;
          const sizes = { rank: kind.rank, inFeatures, outFeatures: rows, groupRank: rank };
          this.#places.push({ group, ...pair, ...sizes, rankAt, outAt, factor });
        }
        outAt += rows;
      }
    }
    this.tensors = tensors;
  }

  /** Copies the parameters to the device. */
  upload(): void {
    const joined = new Map<string, Float32Array<ArrayBuffer>>();
    for (const [name, { shape }] of this.tensors) joined.set(name, new Float32Array(shape[0]! * shape[1]!));
    for (const place of this.#places) {
      joined.get(`${place.group}.a`)!.set(place.a.data, place.rankAt * place.inFeatures);
      const b = joined.get(`${place.group}.b`)!;
      eachB(place, (i, at) => (b[at] = place.factor * place.b.data[i]!));
    }
    for (const [name, numbers] of joined) this.tensors.get(name)!.write(numbers);
  }

  /** Adds what a backward run gave to the gradients of the parameters. */
  accumulate(gradients: Float32Array, { matrices }: BackwardGraph): void {
    const starts = new Map<string, number>();
    let start = 0;
    for (const { name, shape } of matrices) {
      starts.set(name, start);
      start += shape[0]! * shape[1]!;
    }
    for (const place of this.#places) {
      const { a, b, factor } = place;
      const fromA = starts.get(`${place.group}.a`)! + place.rankAt * place.inFeatures;
      for (let i = 0; i < a.gradient.length; i++) a.gradient[i]! += gradients[fromA + i]!;
      const fromB = starts.get(`${place.group}.b`)!;
      eachB(place, (i, at) => (b.gradient[i]! += factor * gradients[fromB + at]!));
    }
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
  }
}

function uneven(module: string, rank: number): AttuneError {
  return new AttuneError(
    'training/uneven-adapter',
    `The adapter has no matrices of rank ${rank} for ${module}: only adapters that change every block alike can be trained further.`,
    'Start with a new adapter.',
  );
}

/** Pairs each element of B with its place in the group's matrix. */
function eachB({ rank, outFeatures, rankAt, outAt, groupRank }: Place, visit: (i: number, at: number) => void): void {
  for (let row = 0, i = 0; row < outFeatures; row++) {
    const at = (outAt + row) * groupRank + rankAt;
    for (let column = 0; column < rank; column++, i++) visit(i, at + column);
  }
}
