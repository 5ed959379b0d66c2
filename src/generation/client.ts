import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import type {
  ChatTurn,
  EngineInfo,
  GenerationOptions,
  GenerationService,
  LoadProgress,
  ModelChoice,
  StreamPiece,
} from './contract.ts';

const bridge = new WorkerBridge<GenerationService>({
  name: 'answer',
  create: () =>
    new Worker(new URL('../../workers/generation.worker.ts', import.meta.url), { type: 'module', name: 'generation' }),
});

/** The generation service in its worker, with streams as async iterables. */
export const generation = {
  load: (choice: ModelChoice, onProgress?: (progress: LoadProgress) => void): Promise<EngineInfo> =>
    bridge.call((remote) => remote.load(choice, onProgress && callback(onProgress))),
  current: (): Promise<EngineInfo | null> => bridge.call((remote) => remote.current()),
  countTokens: (turns: ChatTurn[]): Promise<number> => bridge.call((remote) => remote.countTokens(turns)),

  /**
   * Streams an answer of the loaded model. Each piece is asked for, so a slow screen slows the model; leaving the loop
   * or aborting stops it.
   *
   * @throws AttuneError `generation/no-model`, `generation/context-full`, `worker/stopped`
   */
  async *stream(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncGenerator<StreamPiece> {
    if (signal.aborted) return;
    const stream = await bridge.call((remote) => remote.begin(turns, options));
    const stop = () => void bridge.call((remote) => remote.stop(stream)).catch(() => undefined);
    signal.addEventListener('abort', stop);
    let ended = false;
    try {
      if (signal.aborted) stop();
      while (!ended) {
        const piece = await bridge.call((remote) => remote.next(stream));
        ended = piece.done;
        yield piece;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      if (!ended) stop();
    }
  },

  unload: (): Promise<void> => bridge.call((remote) => remote.unload()),
  /** Ends the worker at once and frees its memory. */
  stop: (): void => bridge.stop(),
};
