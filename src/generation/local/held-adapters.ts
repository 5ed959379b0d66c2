import type { LoraAdapter } from '../../engine/adapters/lora-adapter.ts';
import type { AdaptableModel } from '../../engine/adapters/read-peft.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { llamaModules, toLlamaAdapter } from '../../engine/models/llama/lora.ts';
import type { LlamaAdapter } from '../../engine/models/llama/adapter.ts';
import type { LlamaDecoder } from '../../engine/models/llama/decoder.ts';

/**
 * Reads an adapter by its id for a model of this shape.
 *
 * @throws AttuneError `adapters/*` when it is gone, damaged or does not fit
 */
export type AdapterSource = (id: string, shape: AdaptableModel) => Promise<{ name: string; adapter: LoraAdapter }>;

/** Adapters held at once; at rank 8 one of the starter generator takes 15 MB. */
const HELD = 4;

/** The adapters of one decoder by id: read when first wanted, kept for the next switch, the longest unused let go. */
export class HeldAdapters {
  #decoder: LlamaDecoder;
  #modelName: string;
  #source: AdapterSource | undefined;
  /** The one used last at the end. */
  #held = new Map<string, LlamaAdapter>();

  constructor(decoder: LlamaDecoder, modelName: string, source: AdapterSource | undefined) {
    this.#decoder = decoder;
    this.#modelName = modelName;
    this.#source = source;
  }

  get names(): string[] {
    return [...this.#held.values()].map(({ name }) => name);
  }

  /** Puts an adapter in force, null: the base. @returns the names of those in force */
  async use(id: string | null): Promise<string[]> {
    if (id === null) {
      this.#decoder.setAdapter(null);
      return [];
    }
    const adapter = this.#held.get(id) ?? (await this.#read(id));
    this.#decoder.setAdapter(adapter);
    this.#held.delete(id);
    this.#held.set(id, adapter);
    for (const oldest of [...this.#held.keys()].slice(0, -HELD)) {
      this.#decoder.releaseAdapter(this.#held.get(oldest)!);
      this.#held.delete(oldest);
    }
    return [adapter.name];
  }

  async #read(id: string): Promise<LlamaAdapter> {
    if (!this.#source) {
      throw new AttuneError('adapters/missing', `There is no adapter ${id} here.`, 'Answer with the base model.');
    }
    const { config } = this.#decoder;
    const { name, adapter } = await this.#source(id, { name: this.#modelName, modules: llamaModules(config) });
    return toLlamaAdapter(adapter, config, name);
  }
}
