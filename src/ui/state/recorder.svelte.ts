import { workspaces } from './workspaces.svelte.ts';

/** Key of the knob, which is one of the chat's: see `src/chat/settings.ts`. */
const KEY = 'recordAnswers';

/**
 * Whether answers of the open workspace are being kept, so that a small model can learn from a large one (distillation).
 * Off by default; a mark shows while it is on, since nobody should be recorded unawares.
 */
class Recorder {
  get on(): boolean {
    const mode = workspaces.current?.settings[KEY];
    return mode === 'teachers' || mode === 'all';
  }

  async stop(): Promise<void> {
    await workspaces.setSetting(KEY, undefined);
  }
}

export const recorder = new Recorder();
