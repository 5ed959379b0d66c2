import { database } from '../../storage/database.ts';

export type Theme = 'system' | 'light' | 'dark';

/** The chosen theme. The attribute on <html> overrides the system's; a copy in localStorage avoids a flash at start. */
class ThemeState {
  #value = $state<Theme>('system');

  constructor() {
    const stored = localStorage.getItem('attune-theme');
    if (stored === 'light' || stored === 'dark') this.#value = stored;
    this.#apply();
  }

  get value(): Theme {
    return this.#value;
  }

  set(theme: Theme): void {
    this.#value = theme;
    if (theme === 'system') localStorage.removeItem('attune-theme');
    else localStorage.setItem('attune-theme', theme);
    this.#apply();
    void database().settings.put({ key: 'theme', value: theme });
  }

  #apply(): void {
    if (this.#value === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.#value;
  }
}

export const theme = new ThemeState();
