/**
 * An adapter's GGUF file in llama.cpp itself (as wllama in Chromium), against the same adapter here.
 *
 * Run: npx tsx scripts/training/parity/llama-cpp.ts, after parity.ts
 * Out: largest differences of the log-probabilities of the likeliest next tokens; exit code 1 when the adapter's are far
 *   larger than the base's
 */
import { openAsBlob, readFileSync } from 'node:fs';
import { PEFT_CONFIG, PEFT_WEIGHTS } from '../../../src/engine/adapters/peft-config.ts';
import { readPeft } from '../../../src/engine/adapters/read-peft.ts';
import { LlamaDecoder } from '../../../src/engine/models/llama/decoder.ts';
import { llamaModules, toLlamaAdapter } from '../../../src/engine/models/llama/lora.ts';
import { residentNode } from '../../../src/engine/resident/node.ts';
import { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { inChromium } from '../../bench/in-chromium.ts';
import type { LlamaCppRequest, NextTokens } from './llama-cpp-page.ts';
import { PAIRS } from './texts.ts';

const MODEL = 'SmolLM2-135M-Instruct-Q4_1';
const FOLDER = '.cache/parity/decoder-attune';

const prompts = PAIRS.map(([question, passage]) => `${passage} ${question}`);
const [theirBase, theirTuned] = await inChromium<[NextTokens, NextTokens]>(
  'scripts/training/parity/llama-cpp-page.ts',
  'llamaCpp',
  {
    base: `/public/models/${MODEL}/SmolLM2-135M-Instruct.Q4_1.gguf`,
    adapter: `/${FOLDER}.gguf`,
    prompts,
  } satisfies LlamaCppRequest,
);

const { llama, tokenizer } = await loadModel(await starterModelFiles(MODEL));
const chat = new ChatTokenizer(tokenizer);
const decoder = await LlamaDecoder.create(llama, residentNode(2), { layout: 'float32' });
const json: unknown = JSON.parse(readFileSync(`${FOLDER}/${PEFT_CONFIG}`, 'utf8'));
const model = { name: MODEL, modules: llamaModules(llama.config) };
const adapter = await readPeft(json, await openAsBlob(`${FOLDER}/${PEFT_WEIGHTS}`), model);

const base = await differences(theirBase);
decoder.setAdapter(toLlamaAdapter(adapter, llama.config, 'parity'));
const tuned = await differences(theirTuned);
const untuned = await differences(theirBase);
await decoder.dispose();
console.log(`log-probabilities against llama.cpp: base ${base.toFixed(3)}, with the adapter ${tuned.toFixed(3)}`);
console.log(`for comparison, the adapter here against the base there: ${untuned.toFixed(3)}`);
// llama.cpp rounds activations to 8 bits where it multiplies quantised weights, so both differ from ours by that.
process.exitCode = tuned < 3 * base && untuned > 5 * tuned ? 0 : 1;

/** Mean difference over the likeliest tokens of all prompts. */
async function differences(theirs: NextTokens): Promise<number> {
  const found: number[] = [];
  for (const [i, prompt] of prompts.entries()) {
    decoder.truncate(0);
    const logits = await decoder.append(chat.encode(prompt));
    const peak = logits.reduce((max, value) => Math.max(max, value), -Infinity);
    const total = peak + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - peak), 0));
    for (const [token, logprob] of Object.entries(theirs[i]!)) {
      const ids = chat.encode(token);
      // Pieces of characters have no text of their own.
      if (ids.length === 1) found.push(Math.abs(logits[ids[0]!]! - total - logprob));
    }
  }
  if (found.length < 10 * prompts.length) throw new Error(`Only ${found.length} tokens could be compared.`);
  return found.reduce((sum, value) => sum + value, 0) / found.length;
}
