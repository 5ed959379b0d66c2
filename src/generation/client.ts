import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import type {
  ChatTurn,
  EngineInfo,
  GenerationOptions,
  GenerationService,
  LoadProgress,
  ModelChoice,
} from './contract.ts';
import { remoteStream } from './remote-stream.ts';

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

  stream: (turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal) =>
    remoteStream(bridge, turns, options, signal),

  unload: (): Promise<void> => bridge.call((remote) => remote.unload()),
  /** Ends the worker at once and frees its memory. */
  stop: (): void => bridge.stop(),
};
