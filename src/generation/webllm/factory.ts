import { callback, WorkerBridge } from '../../bridge/worker-bridge.ts';
import type { ChatEngine, GenerationService, LoadProgress } from '../contract.ts';
import { remoteStream } from '../remote-stream.ts';

/**
 * Loads a model in web-llm's own worker and passes calls through to it: the library keeps a thread busy for long
 * stretches and holds its memory until its worker ends.
 *
 * @throws AttuneError of `webllm-engine.ts`; `worker/stopped`
 */
export async function openWebLlm(modelId: string, onProgress?: (progress: LoadProgress) => void): Promise<ChatEngine> {
  const bridge = new WorkerBridge<GenerationService>({
    name: 'web-llm',
    create: () =>
      new Worker(new URL('../../../workers/webllm.worker.ts', import.meta.url), { type: 'module', name: 'web-llm' }),
  });
  try {
    const info = await bridge.call((remote) =>
      remote.load({ engine: 'webllm', modelId }, onProgress && callback(onProgress)),
    );
    return {
      info,
      countTokens: (turns) => bridge.call((remote) => remote.countTokens(turns)),
      stream: (turns, options, signal) => remoteStream(bridge, turns, options, signal),
      dispose: async () => bridge.stop(),
    };
  } catch (error) {
    bridge.stop();
    throw error;
  }
}
