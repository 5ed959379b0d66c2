import type { AppConfig, MLCEngine } from '@mlc-ai/web-llm';
import { usableGpu } from '../../engine/runtime/web.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import { listModels, openModel } from '../../models/catalogue.ts';
import { HUB_ACCESS_SETTING } from '../../models/settings.ts';
import { database } from '../../storage/database.ts';
import type { ChatEngine, ChatTurn, EngineInfo, GenerationOptions, LoadProgress, StreamPiece } from '../contract.ts';
import { estimateTokens } from '../estimate-tokens.ts';
import { forgetImported, provideImported } from './imported.ts';

/**
 * Loads a model with web-llm: one that the user imported from a folder, else one of the library's catalogue.
 *
 * @throws AttuneError `webllm/no-gpu`, `webllm/incomplete`, `webllm/unknown-model`, `webllm/failed`, `models/hub-off`.
 */
export async function loadWebLlm(modelId: string, onProgress?: (progress: LoadProgress) => void): Promise<ChatEngine> {
  // First, so that a machine without a GPU does not fetch megabytes of a library that it cannot use.
  const gpu = await usableGpu();
  if (!gpu) throw noGpu();
  const webllm = await import('@mlc-ai/web-llm');
  const rows = (await listModels()).filter(({ format }) => format === 'mlc');
  await forgetImported(rows.map(({ id }) => id));
  const imported = rows.find(({ id }) => id === modelId);
  const appConfig = imported
    ? await provideImported(await openModel(modelId), onProgress)
    : await catalogueConfig(webllm, modelId);
  const engine = new webllm.MLCEngine({
    appConfig,
    logLevel: 'WARN',
    initProgressCallback: ({ progress, text }) => onProgress?.({ stage: text, done: progress, total: 1 }),
  });
  try {
    await engine.reload(modelId);
  } catch (error) {
    await engine.unload().catch(() => undefined);
    throw explained(error, imported?.name ?? modelId);
  }
  const record = appConfig.model_list[0]!;
  return new WebLlmEngine(engine, {
    engine: 'webllm',
    modelId,
    modelName: imported?.name ?? modelId,
    device: `WebGPU: ${gpu.name}`,
    contextTokens: record.overrides?.context_window_size ?? DEFAULT_CONTEXT,
    memoryBytes: imported?.bytes ?? (record.vram_required_MB ?? 0) * 1e6,
    leavesMachine: false,
    adapters: [],
  });
}

// What the library's compiled models have unless their record says otherwise.
const DEFAULT_CONTEXT = 4096;

class WebLlmEngine implements ChatEngine {
  readonly info: EngineInfo;
  #engine: MLCEngine;

  constructor(engine: MLCEngine, info: EngineInfo) {
    this.#engine = engine;
    this.info = info;
  }

  countTokens(turns: ChatTurn[]): Promise<number> {
    return Promise.resolve(estimateTokens(turns));
  }

  async *stream(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncGenerator<StreamPiece> {
    const started = performance.now();
    const interrupt = () => void this.#engine.interruptGenerate();
    signal.addEventListener('abort', interrupt);
    let firstAt: number | undefined;
    let pieces = 0;
    let usage: { prompt_tokens: number; completion_tokens: number } | undefined;
    try {
      const chunks = await this.#engine.chat.completions.create({
        messages: turns,
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: options.maxNewTokens,
        temperature: options.temperature,
        top_p: options.topP,
        repetition_penalty: options.repetitionPenalty,
        ...(options.seed !== undefined && { seed: options.seed }),
        ...(options.json && { response_format: { type: 'json_object', schema: JSON.stringify(options.json) } }),
      });
      for await (const chunk of chunks) {
        usage = chunk.usage ?? usage;
        const text = chunk.choices[0]?.delta.content ?? '';
        if (text === '' || signal.aborted) continue;
        firstAt ??= performance.now();
        pieces++;
        yield { text, done: false };
      }
    } catch (error) {
      throw explained(error, this.info.modelName);
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
    const ended = performance.now();
    const seconds = (ended - (firstAt ?? ended)) / 1000;
    const outputTokens = usage?.completion_tokens ?? pieces;
    yield {
      text: '',
      done: true,
      stats: {
        promptTokens: usage?.prompt_tokens ?? estimateTokens(turns),
        outputTokens,
        secondsToFirstToken: ((firstAt ?? ended) - started) / 1000,
        tokensPerSecond: seconds > 0 ? Math.max(0, outputTokens - 1) / seconds : 0,
      },
    };
  }

  dispose(): Promise<void> {
    return this.#engine.unload();
  }
}

async function catalogueConfig(webllm: typeof import('@mlc-ai/web-llm'), modelId: string): Promise<AppConfig> {
  const record = webllm.prebuiltAppConfig.model_list.find((model) => model.model_id === modelId);
  if (!record) {
    throw new AttuneError(
      'webllm/unknown-model',
      `web-llm knows no model "${modelId}".`,
      'Choose another answer model in Models.',
    );
  }
  const appConfig: AppConfig = { cacheBackend: 'cache', model_list: [record] };
  const online = (await database().settings.get(HUB_ACCESS_SETTING))?.value === true;
  if (!online && !(await webllm.hasModelInCache(modelId, appConfig))) {
    throw new AttuneError(
      'models/hub-off',
      `${modelId} is not on this machine yet, and fetching models is switched off.`,
      'Switch hub access on in Models, or import the folder of the model from this computer.',
    );
  }
  return appConfig;
}

function noGpu(): AttuneError {
  return new AttuneError(
    'webllm/no-gpu',
    'This browser offers no graphics processor to web-llm.',
    'Choose a model that runs on the processor, or use a browser with WebGPU on a machine with a graphics card.',
  );
}

function explained(error: unknown, model: string): AttuneError {
  const said = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error ? error.name : '';
  if (name === 'ContextWindowSizeExceededError') {
    return new AttuneError(
      'generation/context-full',
      `The conversation is too long for ${model}.`,
      'Start a new chat, or lower the number of passages in the settings.',
      { cause: error },
    );
  }
  return new AttuneError(
    'webllm/failed',
    `web-llm could not run ${model}: ${said}`,
    'Choose a smaller model, close other programs that use the graphics card, or add the model again.',
    { cause: error },
  );
}
