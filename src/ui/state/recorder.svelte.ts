import { workspaces } from './workspaces.svelte.ts';

/** The chat's knob: see `src/chat/settings.ts`. */
const KEY = 'recordAnswers';

/**
 * Whether answers of the open workspace are being kept, so that a small model can learn from a large one (distillation).
 * Off by default; a mark shows while it is on, since nobody should be recorded unawares.
 */
class Recorder {
  /** As it is stored. */
  get mode(): unknown {
    return workspaces.current?.settings[KEY];
  }
  get on(): boolean {
    return this.mode === 'teachers' || this.mode === 'all';
  }

  async set(mode: 'never' | 'teachers' | 'all'): Promise<void> {
    await workspaces.setSetting(KEY, mode === 'never' ? undefined : mode);
  }
}

export const recorder = new Recorder();
