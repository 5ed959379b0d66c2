import type { Catalog, IndexedPassage } from './catalog.ts';
import type { VectorIndex } from './vectors/vector-index.ts';

/** Joins passages with vectors by their hash. Passages of equal headings and text share one vector. */
export class PassagesBySlot {
  /** Passages that have a vector. */
  readonly embedded: number = 0;
  #slotCount: number;
  #first = new Map<number, IndexedPassage>();
  #others = new Map<number, IndexedPassage[]>();

  constructor(catalog: Catalog, vectors: VectorIndex) {
    this.#slotCount = vectors.slotCount;
    for (let number = 0; number < catalog.numbers; number++) {
      const passage = catalog.passage(number);
      const slot = passage && vectors.slotOf(passage.hash);
      if (slot === undefined) continue;
      this.embedded++;
      if (!this.#first.has(slot)) this.#first.set(slot, passage!);
      else if (this.#others.has(slot)) this.#others.get(slot)!.push(passage!);
      else this.#others.set(slot, [passage!]);
    }
  }

  /** The passages that share a slot. */
  at(slot: number): IndexedPassage[] {
    const first = this.#first.get(slot);
    return first ? [first, ...(this.#others.get(slot) ?? [])] : [];
  }

  /** [slots], 1 where a passage is wanted. */
  mask(wanted: (passage: IndexedPassage) => boolean): Uint8Array {
    const mask = new Uint8Array(this.#slotCount);
    for (const [slot, first] of this.#first) {
      if (wanted(first) || this.#others.get(slot)?.some(wanted)) mask[slot] = 1;
    }
    return mask;
  }
}
