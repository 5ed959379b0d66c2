import type { Component } from 'svelte';
import type { IconName } from '../components/icons.ts';
import type { ScreenName } from '../state/router.svelte.ts';

interface ScreenInfo {
  label: string;
  icon: IconName;
  /** Loaded when first opened, so that the first paint waits for none of them. */
  load: () => Promise<{ default: Component }>;
}

export const screenInfo: Record<ScreenName, ScreenInfo> = {
  chat: { label: 'Chat', icon: 'chat', load: () => import('../screens/chat/ChatScreen.svelte') },
  library: { label: 'Library', icon: 'library', load: () => import('../screens/library/LibraryScreen.svelte') },
  search: { label: 'Search', icon: 'search', load: () => import('../screens/search/SearchScreen.svelte') },
  datasets: { label: 'Data sets', icon: 'datasets', load: () => import('../screens/datasets/DatasetsScreen.svelte') },
  tune: { label: 'Tune', icon: 'tune', load: () => import('../screens/tune/TuneScreen.svelte') },
  compare: { label: 'Compare', icon: 'compare', load: () => import('../screens/compare/CompareScreen.svelte') },
  demo: { label: 'Show me', icon: 'play', load: () => import('../screens/demo/DemoScreen.svelte') },
  models: { label: 'Models', icon: 'models', load: () => import('../screens/models/ModelsScreen.svelte') },
  settings: { label: 'Settings', icon: 'settings', load: () => import('../screens/settings/SettingsScreen.svelte') },
};
