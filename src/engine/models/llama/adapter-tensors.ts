import { allOrNone, type Allocator } from '../../resident/all-or-none.ts';
import { elementCount, type ResidentRuntime, type ResidentTensor } from '../../resident/resident.ts';
import { adaptedGroups, packGroup, type LlamaAdapter } from './adapter.ts';
import type { LlamaConfig } from './config.ts';

/** The low-rank matrices of every adapter that was in force, the base's zeros among them, as a serving graph takes them. */
export class AdapterTensors {
  #runtime: ResidentRuntime;
  #config: LlamaConfig;
  #packed = new Map<LlamaAdapter | null, ReadonlyMap<string, ResidentTensor>>();
  #current: LlamaAdapter | null = null;

  /** @param allocator of the base's zeros, where they are made together with other tensors */
  constructor(runtime: ResidentRuntime, config: LlamaConfig, allocator: Allocator = runtime) {
    this.#runtime = runtime;
    this.#config = config;
    this.#packed.set(null, this.#pack(null, allocator));
  }

  get current(): LlamaAdapter | null {
    return this.#current;
  }

  /** Of the one in force. */
  get inputs(): ReadonlyMap<string, ResidentTensor> {
    return this.#packed.get(this.#current)!;
  }

  get bytes(): number {
    let bytes = 0;
    for (const packed of this.#packed.values())
      for (const { shape } of packed.values()) bytes += 4 * elementCount(shape);
    return bytes;
  }

  /** @returns whether it is another one than before. @throws RangeError when a matrix does not fit the model */
  use(adapter: LlamaAdapter | null): boolean {
    if (adapter === this.#current) return false;
    if (!this.#packed.has(adapter)) this.#packed.set(adapter, this.#pack(adapter));
    this.#current = adapter;
    return true;
  }

  release(adapter: LlamaAdapter): void {
    for (const tensor of this.#packed.get(adapter)?.values() ?? []) tensor.dispose();
    this.#packed.delete(adapter);
  }

  dispose(): void {
    for (const packed of this.#packed.values()) for (const tensor of packed.values()) tensor.dispose();
    this.#packed.clear();
  }

  #pack(adapter: LlamaAdapter | null, runtime: Allocator = this.#runtime): Map<string, ResidentTensor> {
    return allOrNone(runtime, (allocator) => {
      const tensors = new Map<string, ResidentTensor>();
      for (let layer = 0; layer < this.#config.layers; layer++) {
        for (const group of adaptedGroups(this.#config, layer)) {
          const { rank, a, b } = packGroup(group, adapter, layer);
          tensors.set(`${group.name}.lora_A`, allocator.tensor('float32', [group.inFeatures, rank], a));
          tensors.set(`${group.name}.lora_B`, allocator.tensor('float32', [rank, b.length / rank], b));
        }
      }
      return tensors;
    });
  }
}
