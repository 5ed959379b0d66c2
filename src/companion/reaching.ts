import { AttuneError } from '../errors/attune-error.ts';
import { pause } from './pause.ts';

/** Between tries: soon at first, and then often enough that nobody waits long for a node that is back. */
const PAUSES_MS = [2000, 5000, 10_000, 20_000, 30_000];

/** How long a node that cannot be reached is waited for. */
export interface Patience {
  pausesMs?: readonly number[];
  /** Says `online` when this machine has a network again: the window. */
  network?: EventTarget;
}

/**
 * Does work with a node that may be lost meanwhile: the job goes on there, so a lost connection fails nothing. It is
 * tried again for as long as it takes; the work has to go on from where it was.
 *
 * @param onLost told before each pause
 * @throws the signal's reason; whatever else than a lost connection `work` throws
 */
export async function reaching<T>(
  work: () => Promise<T>,
  onLost: () => Promise<void>,
  signal: AbortSignal,
  { pausesMs = PAUSES_MS, network }: Patience = {},
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AttuneError) || error.code !== 'companion/unreachable') throw error;
    }
    await onLost();
    await pause(pausesMs[Math.min(tries, pausesMs.length - 1)]!, signal, network);
  }
}
