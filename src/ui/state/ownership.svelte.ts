import { SvelteSet } from 'svelte/reactivity';
import { jobs } from '../../jobs/client.ts';
import { isAbort } from '../../errors/attune-error.ts';
import { report } from './errors.svelte.ts';
import { workspaces } from './workspaces.svelte.ts';

/**
 * Which workspaces this tab may write to. The first tab that opens one holds a Web Lock on it and runs its jobs; a
 * later tab reads, and takes over when the first is closed. A workspace stays owned after switching to another one, so
 * its jobs go on.
 */
class Ownership {
  #owned = new SvelteSet<string>();
  #claims = new Map<string, { controller: AbortController; known: Promise<void> }>();
  /** Read-only is said only once the answer is known; nearly always it is "yes, yours". */
  #refused = new SvelteSet<string>();

  /** True while another tab writes to the open workspace. */
  get readOnly(): boolean {
    return this.#refused.has(workspaces.id) && !this.#owned.has(workspaces.id);
  }

  /** Asks for a workspace's writes. Resolves when it is known whether this tab has them; a later takeover follows by itself. */
  claim(workspaceId: string): Promise<void> {
    const claim = this.#claims.get(workspaceId);
    // Whoever asks second waits for the same answer: an import that went on before it found nothing that it may write to.
    if (claim) return claim.known;
    const controller = new AbortController();
    const known = this.#ask(workspaceId, controller);
    this.#claims.set(workspaceId, { controller, known });
    return known;
  }

  #ask(workspaceId: string, controller: AbortController): Promise<void> {
    return new Promise((known) => {
      void navigator.locks.request(lockName(workspaceId), { ifAvailable: true }, (lock) => {
        if (lock) return this.#hold(workspaceId, controller.signal, known);
        this.#refused.add(workspaceId);
        known();
        navigator.locks
          .request(lockName(workspaceId), { signal: controller.signal }, () =>
            this.#hold(workspaceId, controller.signal),
          )
          .catch((error: unknown) => isAbort(error) || report(error));
        return undefined;
      });
    });
  }

  /** Gives a workspace back, e.g. before it is deleted. */
  async release(workspaceId: string): Promise<void> {
    const claim = this.#claims.get(workspaceId);
    this.#claims.delete(workspaceId);
    await jobs.disown(workspaceId);
    claim?.controller.abort(new DOMException('The workspace was given back.', 'AbortError'));
  }

  /** The lock lasts as long as the returned promise. */
  #hold(workspaceId: string, released: AbortSignal, known?: () => void): Promise<void> {
    this.#owned.add(workspaceId);
    jobs.own(workspaceId);
    known?.();
    return new Promise((resolve) => {
      released.addEventListener('abort', () => {
        this.#owned.delete(workspaceId);
        resolve();
      });
    });
  }
}

const lockName = (workspaceId: string) => `attune-workspace:${workspaceId}`;

export const ownership = new Ownership();
