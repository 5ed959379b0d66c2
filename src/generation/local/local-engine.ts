import { AttuneError, isAbort } from '../../errors/attune-error.ts';
import { LlamaDecoder } from '../../engine/models/llama/decoder.ts';
import type { WeightLayout } from '../../engine/models/llama/linear-group.ts';
import type { ResidentRuntime } from '../../engine/resident/resident.ts';
import type { ModelDescription, ModelFiles } from '../../models/contract.ts';
import type { ChatEngine, ChatTurn, EngineInfo, GenerationOptions, LoadProgress, StreamPiece } from '../contract.ts';
import { ChatTokenizer } from './chat-tokenizer.ts';
import { HeldAdapters, type AdapterSource } from './held-adapters.ts';
import { JsonGuide } from './json-guide.ts';
import { loadModel } from './load.ts';
import { Sampler } from './sampler.ts';
import { StreamDecoder } from './stream-decoder.ts';

export interface LocalEngineOptions {
  runtime: ResidentRuntime;
  /** In words: "wasm, 2 threads", "WebGPU: NVIDIA …". */
  device: string;
  /** Absent: chosen by the device and the size of the model. */
  layout?: WeightLayout;
  contextTokens?: number;
  /** Where adapters come from, by id; absent: there are none. */
  adapters?: AdapterSource;
  onProgress?: (progress: LoadProgress) => void;
}

/** Decoded weights up to this size fit a tab's wasm heap of 4 GB with room for the cache. */
const DECODED_LIMIT = 1.6e9;

/** Our own graphs on the user's machine: any model of the Llama family, with LoRA adapters as inputs. */
export class LocalChatEngine implements ChatEngine {
  #description: ModelDescription;
  #decoder: LlamaDecoder;
  #tokenizer: ChatTokenizer;
  #device: string;
  #adapters: HeldAdapters;
  #guide: JsonGuide;
  /** What is in the decoder's cache. */
  #sequence: number[] = [];

  private constructor(
    description: ModelDescription,
    decoder: LlamaDecoder,
    tokenizer: ChatTokenizer,
    { device, adapters }: LocalEngineOptions,
  ) {
    this.#description = description;
    this.#decoder = decoder;
    this.#tokenizer = tokenizer;
    this.#device = device;
    this.#adapters = new HeldAdapters(decoder, description.name, adapters);
    this.#guide = new JsonGuide(tokenizer, decoder.config.vocabulary);
  }

  /** @throws AttuneError `model/*` when the model cannot be run here, `engine/*` when it cannot be started */
  static async load(files: ModelFiles, options: LocalEngineOptions): Promise<LocalChatEngine> {
    const { runtime, onProgress } = options;
    const { llama, tokenizer } = await loadModel(files, onProgress);
    onProgress?.({ stage: 'Starting the model', done: 0, total: 1 });
    const layout = options.layout ?? chooseLayout(llama.config, runtime);
    const decoder = await LlamaDecoder.create(llama, runtime, {
      layout,
      contextTokens: options.contextTokens,
      name: files.description.name,
    });
    onProgress?.({ stage: 'Starting the model', done: 1, total: 1 });
    return new LocalChatEngine(files.description, decoder, new ChatTokenizer(tokenizer), options);
  }

  get info(): EngineInfo {
    return {
      engine: 'local',
      modelId: this.#description.id,
      modelName: this.#description.name,
      device: this.#device,
      contextTokens: this.#decoder.contextTokens,
      parameters: parameterCount(this.#decoder.config),
      memoryBytes: this.#decoder.memoryBytes,
      leavesMachine: false,
      adapters: this.#adapters.names,
    };
  }

  async countTokens(turns: ChatTurn[]): Promise<number> {
    return this.#tokenizer.encodeChat(turns).length;
  }

  async *stream(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncGenerator<StreamPiece> {
    const prompt = this.#tokenizer.encodeChat(turns);
    const room = this.#decoder.contextTokens - prompt.length;
    if (room < 1) throw contextFull(prompt.length, this.#decoder.contextTokens);
    const limit = Math.min(options.maxNewTokens, room);
    const started = performance.now();
    const adapters = await this.#adapters.use(options.adapter ?? null);
    const guide = options.json && (await this.#guide.begin(options.json));
    const sampler = new Sampler(options);
    const text = new StreamDecoder((tokens) => this.#tokenizer.decode(tokens));
    let firstAt: number | undefined;
    let pending: readonly number[] = this.#reusePrefix(prompt);
    try {
      while (text.length < limit) {
        signal.throwIfAborted();
        const logits = await this.#append(pending, signal);
        await guide?.mask(logits);
        const token = sampler.next(logits, text.tokens);
        firstAt ??= performance.now();
        if (guide?.accept(token) || this.#tokenizer.stopTokens.has(token)) break;
        pending = [token];
        const piece = text.push(token);
        if (piece) yield { text: piece, done: false };
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      guide?.dispose();
    }
    const seconds = (performance.now() - (firstAt ?? started)) / 1000;
    yield {
      text: text.end(),
      done: true,
      stats: {
        promptTokens: prompt.length,
        outputTokens: text.length,
        secondsToFirstToken: ((firstAt ?? performance.now()) - started) / 1000,
        // The first token belongs to the prompt's time.
        tokensPerSecond: text.length > 1 && seconds > 0 ? (text.length - 1) / seconds : 0,
        adapters,
      },
    };
  }

  async dispose(): Promise<void> {
    await this.#guide.dispose();
    await this.#decoder.dispose();
  }

  /** Keeps the cache of what the prompt shares with the last conversation. @returns the tokens still to be run */
  #reusePrefix(prompt: readonly number[]): readonly number[] {
    let shared = 0;
    // Another adapter has emptied the cache.
    this.#sequence.length = this.#decoder.length;
    // The last token of the prompt is always run: its logits are the answer's beginning.
    while (shared < prompt.length - 1 && this.#sequence[shared] === prompt[shared]) shared++;
    this.#decoder.truncate(shared);
    this.#sequence.length = this.#decoder.length;
    return prompt.slice(this.#decoder.length);
  }

  async #append(tokens: readonly number[], signal: AbortSignal): Promise<Float32Array> {
    const before = this.#decoder.length;
    try {
      return await this.#decoder.append(tokens, signal);
    } finally {
      // A stop in the middle of a long prompt leaves the part that was run.
      this.#sequence.push(...tokens.slice(0, this.#decoder.length - before));
    }
  }
}

function chooseLayout(config: LlamaDecoder['config'], { device }: ResidentRuntime): WeightLayout {
  return device !== 'webgpu' && parameterCount(config) * 4 <= DECODED_LIMIT ? 'float32' : 'blocks';
}

/** Size of the model without its norms and biases. */
function parameterCount(config: LlamaDecoder['config']): number {
  const { hidden, layers, feedForward, heads, keyValueHeads, headSize, vocabulary } = config;
  const attention = hidden * headSize * (2 * heads + 2 * keyValueHeads);
  return layers * (attention + 3 * hidden * feedForward) + vocabulary * hidden;
}

function contextFull(tokens: number, context: number): AttuneError {
  return new AttuneError(
    'generation/context-full',
    `The conversation has ${tokens} tokens, and the model holds ${context}.`,
    'Start a new chat, shorten the question, or use fewer passages.',
  );
}
