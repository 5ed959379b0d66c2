import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { readPeft, type AdaptableModel } from '../../../src/engine/adapters/read-peft.ts';
import { writePeft, type PeftOptions } from '../../../src/engine/adapters/write-peft.ts';
import { fromBase64, toBase64 } from '../../../src/engine/formats/base64.ts';

/** A PEFT folder as text, to pass between page and script. */
export interface AdapterText {
  config: string;
  weights: string;
}

export async function toText(adapter: LoraAdapter, options: Pick<PeftOptions, 'task'>): Promise<AdapterText> {
  const { config, weights } = writePeft(adapter, { baseModel: 'all-MiniLM-L6-v2', dtype: 'F32', ...options });
  return { config, weights: toBase64(new Uint8Array(await weights.arrayBuffer())) };
}

export function fromText({ config, weights }: AdapterText, model: AdaptableModel): Promise<LoraAdapter> {
  return readPeft(JSON.parse(config), new Blob([fromBase64(weights)]), model);
}
