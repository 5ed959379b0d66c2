import type { WorkerBridge } from '../bridge/worker-bridge.ts';
import type { ChatTurn, GenerationOptions, GenerationService, StreamPiece } from './contract.ts';

/**
 * A stream of a generation service in a worker. Each piece is asked for, so a slow consumer slows the model; leaving
 * the loop or aborting stops it.
 *
 * @throws AttuneError `generation/no-model`, `generation/context-full`, `worker/stopped`
 */
export async function* remoteStream(
  bridge: WorkerBridge<GenerationService>,
  turns: ChatTurn[],
  options: GenerationOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamPiece> {
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
}
