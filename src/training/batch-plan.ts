import { seededRandom, shuffled } from '../engine/training/random.ts';

export interface BatchPlanOptions {
  seed: number;
  batchSize: number;
  /** Examples with a key in common never share a batch: one's right passage would be the other's wrong one. */
  keys?: readonly (readonly string[])[];
  /** Tokens of each example: those of similar length share a batch, so that little is padded. */
  lengths?: readonly number[];
}

/** How many batches are sorted by length together: more would make batches alike from epoch to epoch. */
const SORTED_TOGETHER = 8;
/** Keeps these draws apart from those of dropout and initialisation, which count steps and modules. */
const STREAM = 0x706c616e;

/**
 * Which examples go into which batch: every epoch in an order of its own. Batch i is a function of the seed and i alone.
 */
export class BatchPlan {
  readonly batchesPerEpoch: number;
  readonly #count: number;
  readonly #options: BatchPlanOptions;
  #epoch: { index: number; batches: number[][] } | undefined;

  /** @param count examples, at least one */
  constructor(count: number, options: BatchPlanOptions) {
    this.#count = count;
    this.#options = options;
    // A last batch that is not full would give its examples more weight than the others; they come again next time.
    this.batchesPerEpoch = Math.max(1, Math.floor(count / options.batchSize));
  }

  /** @returns indices of examples; batches hold `batchSize` of them, fewer only where keys or examples run out */
  batch(index: number): readonly number[] {
    const epoch = Math.floor(index / this.batchesPerEpoch);
    if (this.#epoch?.index !== epoch) this.#epoch = { index: epoch, batches: this.#plan(epoch) };
    return this.#epoch.batches[index % this.batchesPerEpoch]!;
  }

  #plan(epoch: number): number[][] {
    const { seed, batchSize, lengths } = this.#options;
    const random = seededRandom(seed, epoch, STREAM);
    let order = shuffled(
      Array.from({ length: this.#count }, (_, i) => i),
      random,
    );
    if (lengths) {
      const together = batchSize * SORTED_TOGETHER;
      order = chunks(order, together).flatMap((part) => part.sort((a, b) => lengths[a]! - lengths[b]! || a - b));
    }
    return shuffled(this.#deal(order), random);
  }

  /** Each example goes into the first batch with room and without its key. */
  #deal(order: readonly number[]): number[][] {
    const { batchSize, keys } = this.#options;
    const batches = Array.from({ length: this.batchesPerEpoch }, () => ({
      items: [] as number[],
      keys: new Set<string>(),
    }));
    let open = 0;
    for (const item of order) {
      while (open < batches.length && batches[open]!.items.length === batchSize) open++;
      for (let b = open; b < batches.length; b++) {
        const batch = batches[b]!;
        if (batch.items.length === batchSize || keys?.[item]!.some((key) => batch.keys.has(key))) continue;
        batch.items.push(item);
        for (const key of keys?.[item] ?? []) batch.keys.add(key);
        break;
      }
    }
    // With few distinct keys the last batches may stay empty; they repeat the first ones.
    return batches.map(({ items }, i) => (items.length > 0 ? items : [...batches[i % Math.max(1, open)]!.items]));
  }
}

/** Steps of a run, from its epochs or as set. */
export function planSteps(
  plan: BatchPlan,
  { epochs, steps, accumulation }: { epochs: number; steps: number; accumulation: number },
): number {
  return steps > 0 ? steps : Math.max(1, Math.round((epochs * plan.batchesPerEpoch) / accumulation));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
