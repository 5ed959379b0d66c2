import { mkdirSync, openAsBlob, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { readPeft } from '../../../src/engine/adapters/read-peft.ts';
import { writePeft, type PeftOptions } from '../../../src/engine/adapters/write-peft.ts';
import type { LlamaAdapter } from '../../../src/engine/models/llama/adapter.ts';
import type { LlamaConfig } from '../../../src/engine/models/llama/config.ts';
import { llamaModules, toLlamaAdapter } from '../../../src/engine/models/llama/lora.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/** A PEFT adapter of a Llama model. */
export async function readLoraAdapter(folder: string, config: LlamaConfig): Promise<LoraAdapter> {
  const json: unknown = JSON.parse(readFileSync(join(folder, CONFIG), 'utf8'));
  const model = { name: 'the generator', modules: llamaModules(config) };
  return readPeft(json, await openAsBlob(join(folder, WEIGHTS)), model);
}

/** The same, ready for the decoder. */
export async function readLlamaAdapter(folder: string, config: LlamaConfig): Promise<LlamaAdapter> {
  return toLlamaAdapter(await readLoraAdapter(folder, config), config, folder);
}

/** Writes both files of a PEFT folder. @returns their names */
export async function writeAdapterFolder(
  folder: string,
  adapter: LoraAdapter,
  options: PeftOptions,
): Promise<string[]> {
  const { config, weights } = writePeft(adapter, options);
  return writeAdapterFiles(folder, config, new Uint8Array(await weights.arrayBuffer()));
}

/** The same for an adapter that was made elsewhere. @returns their names */
export function writeAdapterFiles(folder: string, config: string, weights: Uint8Array): string[] {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, CONFIG), config);
  writeFileSync(join(folder, WEIGHTS), weights);
  return [CONFIG, WEIGHTS];
}
