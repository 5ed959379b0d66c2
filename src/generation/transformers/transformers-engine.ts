import type { PreTrainedModel, PreTrainedTokenizer } from '@huggingface/transformers';
import * as transformers from '@huggingface/transformers';
import { ortFiles } from '../../engine/runtime/ort-files.ts';
import { usableGpu } from '../../engine/runtime/web.ts';
import { usefulThreads } from '../../engine/runtime/runtime.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { openModel } from '../../models/catalogue.ts';
import type { ModelFiles } from '../../models/contract.ts';
import type { ChatEngine, ChatTurn, EngineInfo, GenerationOptions, LoadProgress, StreamPiece } from '../contract.ts';
import { serveOnly } from './local-files.ts';
import { PieceQueue } from './piece-queue.ts';
import { chooseWeights } from './weights.ts';

// Models that state no context of their own.
const DEFAULT_CONTEXT = 2048;

/** @throws AttuneError `models/unknown`, and those of {@link loadTransformers}. */
export async function openTransformers(
  modelId: string,
  onProgress?: (progress: LoadProgress) => void,
): Promise<ChatEngine> {
  return loadTransformers(await openModel(modelId), onProgress);
}

/**
 * Loads an ONNX language model with transformers.js: on WebGPU where there is a real one, else on wasm with threads.
 *
 * @throws AttuneError `transformers/no-weights`, `transformers/failed`.
 */
export async function loadTransformers(
  files: ModelFiles,
  onProgress?: (progress: LoadProgress) => void,
): Promise<ChatEngine> {
  const { description } = files;
  const gpu = await usableGpu();
  const weights = chooseWeights(description, gpu);
  const name = serveOnly(transformers.env, files);
  const threads = crossOriginIsolated ? usefulThreads(navigator.hardwareConcurrency) : 1;
  Object.assign(transformers.env.backends.onnx.wasm!, {
    wasmPaths: ortFiles('ort-wasm-simd-threaded.asyncify'),
    numThreads: threads,
    proxy: false,
  });
  try {
    const tokenizer = await transformers.AutoTokenizer.from_pretrained(name);
    const model = await transformers.AutoModelForCausalLM.from_pretrained(name, {
      ...weights,
      device: gpu ? 'webgpu' : 'wasm',
      progress_callback: (event) => {
        if (event.status === 'progress')
          onProgress?.({ stage: `reading ${event.file}`, done: event.loaded, total: event.total });
      },
    });
    const { max_position_embeddings: context } = model.config as { max_position_embeddings?: number };
    return new TransformersEngine(model, tokenizer, {
      engine: 'transformers',
      modelId: description.id,
      modelName: description.name,
      device: gpu ? `WebGPU: ${gpu.name}` : `wasm, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      contextTokens: context ?? DEFAULT_CONTEXT,
      memoryBytes: description.bytes,
      leavesMachine: false,
      adapters: [],
    });
  } catch (cause) {
    throw new AttuneError(
      'transformers/failed',
      `The model ${description.name} could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Check that the folder is complete (config.json, tokenizer.json, onnx/), or choose another model.',
      { cause },
    );
  }
}

class TransformersEngine implements ChatEngine {
  readonly info: EngineInfo;
  #model: PreTrainedModel;
  #tokenizer: PreTrainedTokenizer;
  /** `generate` cannot run twice at once: the next stream waits for the one before it to wind down. */
  #running: Promise<unknown> = Promise.resolve();

  constructor(model: PreTrainedModel, tokenizer: PreTrainedTokenizer, info: EngineInfo) {
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.info = info;
  }

  countTokens(turns: ChatTurn[]): Promise<number> {
    return Promise.resolve(this.#encode(turns).input_ids.dims.at(-1) ?? 0);
  }

  async *stream(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncGenerator<StreamPiece> {
    const inputs = this.#encode(turns);
    const promptTokens = inputs.input_ids.dims.at(-1) ?? 0;
    const room = this.info.contextTokens - promptTokens;
    if (room < 1) throw contextFull(this.info, promptTokens);
    await this.#running;
    const started = performance.now();
    let firstAt: number | undefined;
    let outputTokens = 0;
    const queue = new PieceQueue();
    const stopping = new transformers.InterruptableStoppingCriteria();
    const stop = () => stopping.interrupt();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const streamer = new transformers.TextStreamer(this.#tokenizer, {
      skip_prompt: true,
      skip_special_tokens: true,
      callback_function: (text: string) => queue.push(text),
      token_callback_function: () => {
        firstAt ??= performance.now();
        outputTokens++;
      },
    });
    if (options.seed !== undefined) (transformers.random as { seed(seed: number): void }).seed(options.seed);
    this.#running = this.#model
      .generate({
        ...inputs,
        max_new_tokens: Math.min(options.maxNewTokens, room),
        do_sample: options.temperature > 0,
        ...(options.temperature > 0 && { temperature: options.temperature, top_p: options.topP, top_k: options.topK }),
        repetition_penalty: options.repetitionPenalty,
        streamer,
        stopping_criteria: stopping,
      } as never)
      .then(
        () => queue.end(),
        (error: unknown) => queue.end(error ?? new Error('generation failed')),
      );
    try {
      for await (const text of queue) {
        if (signal.aborted) break;
        if (text !== '') yield { text, done: false };
      }
    } finally {
      // A consumer that leaves the loop must not leave the model running.
      stop();
      signal.removeEventListener('abort', stop);
    }
    const ended = performance.now();
    const seconds = (ended - (firstAt ?? ended)) / 1000;
    yield {
      text: '',
      done: true,
      stats: {
        promptTokens,
        outputTokens,
        secondsToFirstToken: ((firstAt ?? ended) - started) / 1000,
        tokensPerSecond: seconds > 0 ? Math.max(0, outputTokens - 1) / seconds : 0,
      },
    };
  }

  async dispose(): Promise<void> {
    await this.#running;
    await this.#model.dispose();
  }

  #encode(turns: ChatTurn[]): { input_ids: transformers.Tensor; attention_mask: transformers.Tensor } {
    const options = { add_generation_prompt: true, return_dict: true } as const;
    return this.#tokenizer.apply_chat_template(turns as never, options) as never;
  }
}

function contextFull({ contextTokens, modelName }: EngineInfo, tokens: number): AttuneError {
  return new AttuneError(
    'generation/context-full',
    `The conversation has ${tokens} tokens, and ${modelName} holds ${contextTokens}.`,
    'Start a new chat, shorten the question, or use fewer passages.',
  );
}
