import { link } from '../../state/router.svelte.ts';

/** The rooms of the laboratory: `#/compare?view=<view>`. */
export type View = 'comparisons' | 'duel' | 'models' | 'experiments';

export const views: readonly { view: View; label: string; href: string }[] = [
  { view: 'comparisons', label: 'Comparisons', href: link('compare') },
  { view: 'duel', label: 'Side by side', href: link('compare', null, { view: 'duel' }) },
  { view: 'models', label: 'Models', href: link('compare', null, { view: 'models' }) },
  { view: 'experiments', label: 'Experiments', href: link('compare', null, { view: 'experiments' }) },
];

export function viewOf(name: string | null): View {
  return views.find(({ view }) => view === name)?.view ?? 'comparisons';
}
