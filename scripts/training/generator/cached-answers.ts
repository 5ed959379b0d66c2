import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { LlamaAdapter } from '../../../src/engine/models/llama/adapter.ts';
import type { Answerer } from './answerer.ts';

const FOLDER = '.cache/generator/answers';
const SAVE_EVERY = 10;

/**
 * The answer to each prompt, greedy, from the cache where the same adapter answered the same prompts before. A killed
 * run goes on where it stopped.
 *
 * @param name for the progress line and the file
 */
export async function cachedAnswers(
  answerer: Answerer,
  prompts: readonly (readonly number[])[],
  adapter: LlamaAdapter | null,
  name: string,
  maxTokens?: number,
): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}/${name}-${keyOf(prompts, adapter)}.json`;
  const answers = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : [];
  if (answers.length === prompts.length) return answers;
  await answerer.setAdapter(adapter);
  const started = performance.now();
  const before = answers.length;
  while (answers.length < prompts.length) {
    answers.push(await answerer.answer(prompts[answers.length]!, maxTokens));
    if (answers.length % SAVE_EVERY === 0 || answers.length === prompts.length) {
      writeFileSync(file, JSON.stringify(answers));
      const seconds = (performance.now() - started) / 1000 / (answers.length - before);
      console.log(`${name}: ${answers.length} of ${prompts.length}, ${seconds.toFixed(2)} s each`);
    }
  }
  return answers;
}

function keyOf(prompts: readonly (readonly number[])[], adapter: LlamaAdapter | null): string {
  const hash = createHash('sha256').update(JSON.stringify(prompts));
  if (adapter) {
    hash.update(String(adapter.scale));
    for (const layer of adapter.layers) {
      for (const pair of Object.values(layer)) {
        for (const { buffer, byteOffset, byteLength } of [pair.a, pair.b])
          hash.update(new Uint8Array(buffer, byteOffset, byteLength));
      }
    }
  }
  return hash.digest('hex').slice(0, 12);
}
