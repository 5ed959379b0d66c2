import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import type { MergedModel } from '../../../src/engine/adapters/merge.ts';
import type { AdaptableModel } from '../../../src/engine/adapters/read-peft.ts';
import type { PeftOptions } from '../../../src/engine/adapters/write-peft.ts';

/** One model on this side of the comparison. */
export interface Side {
  name: string;
  /** What its numbers are: `embeddings`, `logits`. */
  numbers: string;
  shape: AdaptableModel;
  peft: Pick<PeftOptions, 'task'>;
  /** What Python is given to compute the same. */
  inputs: Record<string, unknown>;
  /** A few steps of training. */
  train(): Promise<LoraAdapter>;
  /** One row of numbers per input; null: the base. */
  compute(adapter: LoraAdapter | null): Promise<number[][]>;
  merge(adapter: LoraAdapter): MergedModel;
  /** Further files of an adapter, by name. */
  exports?(adapter: LoraAdapter): Record<string, Blob>;
  dispose(): Promise<void>;
}
