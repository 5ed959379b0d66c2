import type { LlamaAdapter } from '../../../src/engine/models/llama/adapter.ts';
import { LlamaDecoder } from '../../../src/engine/models/llama/decoder.ts';
import type { LoadedLlama } from '../../../src/engine/models/llama/weights.ts';
import { scriptRuntime } from '../script-runtime.ts';
import { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../src/models/node.ts';

export const STARTER_GENERATOR = 'SmolLM2-135M-Instruct-Q4_1';

/** The starter generator on node as it serves, deciding greedily: every run gives the same answers. */
export class Answerer {
  readonly llama: LoadedLlama;
  readonly tokenizer: ChatTokenizer;
  #decoder: LlamaDecoder | undefined;
  #sequence: number[] = [];

  private constructor(llama: LoadedLlama, tokenizer: ChatTokenizer) {
    this.llama = llama;
    this.tokenizer = tokenizer;
  }

  /** The weights are decoded when the first answer is asked for. */
  static async load(): Promise<Answerer> {
    const { llama, tokenizer } = await loadModel(await starterModelFiles(STARTER_GENERATOR));
    return new Answerer(llama, new ChatTokenizer(tokenizer));
  }

  async setAdapter(adapter: LlamaAdapter | null): Promise<void> {
    (await this.#ready()).setAdapter(adapter);
    this.#sequence = [];
  }

  /** What the prompt shares with the one before it is not computed again, so ask about the same passages in a row. */
  async answer(prompt: readonly number[], maxTokens = 32): Promise<string> {
    const decoder = await this.#ready();
    let shared = 0;
    while (shared < prompt.length - 1 && this.#sequence[shared] === prompt[shared]) shared++;
    decoder.truncate(shared);
    this.#sequence = [...prompt];
    const answer: number[] = [];
    let pending: readonly number[] = prompt.slice(shared);
    while (answer.length < maxTokens) {
      const token = indexOfLargest(await decoder.append(pending));
      if (this.tokenizer.stopTokens.has(token)) break;
      answer.push(token);
      pending = [token];
    }
    return this.tokenizer.decode(answer).trim();
  }

  async dispose(): Promise<void> {
    await this.#decoder?.dispose();
  }

  async #ready(): Promise<LlamaDecoder> {
    return (this.#decoder ??= await LlamaDecoder.create(this.llama, scriptRuntime(), { layout: 'float32' }));
  }
}

function indexOfLargest(numbers: Float32Array): number {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! > numbers[best]!) best = i;
  return best;
}
