import type { IconName } from '../components/icons.ts';

export interface Toast {
  id: number;
  tone: 'plain' | 'warn' | 'danger';
  message: string;
  /** What to do, second line. */
  detail?: string;
  icon?: IconName;
  action?: { label: string; run: () => void };
  /** Milliseconds until it goes; null: stays until closed. */
  lasts: number | null;
}

/** Time in which a destructive act can be taken back. */
export const UNDO_MS = 10_000;

class Toasts {
  #list = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, { timer: ReturnType<typeof setTimeout>; end: () => void }>();

  get list(): readonly Toast[] {
    return this.#list;
  }

  show(
    toast: Omit<Toast, 'id' | 'lasts' | 'tone'> & Partial<Pick<Toast, 'lasts' | 'tone'>>,
    onGone?: () => void,
  ): number {
    const id = this.#next++;
    const full: Toast = { tone: 'plain', lasts: 6_000, ...toast, id };
    // The same message twice says no more than once.
    const same = this.#list.find(
      (other) => other.message === full.message && other.detail === full.detail && !other.action,
    );
    if (same && !full.action) this.dismiss(same.id);
    this.#list = [...this.#list, full].slice(-4);
    const end = () => {
      this.#timers.delete(id);
      this.#list = this.#list.filter((other) => other.id !== id);
      onGone?.();
    };
    if (full.lasts !== null) this.#timers.set(id, { timer: setTimeout(end, full.lasts), end });
    return id;
  }

  /**
   * Offers ten seconds to take a deletion back. Hide the thing first, call this, and delete for good in `commit`.
   * Closing the toast commits at once; so does hiding the page, because a closed tab runs no timer.
   */
  undoable(message: string, act: { undo: () => void; commit: () => void }): void {
    let settled = false;
    const settle = (how: () => void) => {
      if (settled) return;
      settled = true;
      removeEventListener('pagehide', commit);
      how();
    };
    const commit = () => settle(act.commit);
    addEventListener('pagehide', commit);
    const id = this.show(
      {
        message,
        icon: 'trash',
        lasts: UNDO_MS,
        action: {
          label: 'Undo',
          run: () => {
            settle(act.undo);
            this.dismiss(id);
          },
        },
      },
      commit,
    );
  }

  dismiss(id: number): void {
    const running = this.#timers.get(id);
    if (running) {
      clearTimeout(running.timer);
      running.end();
    } else this.#list = this.#list.filter((other) => other.id !== id);
  }
}

export const toasts = new Toasts();
