import { jobs } from '../../jobs/client.ts';
import type { AddResult, SourceFile } from '../../ingest/contract.ts';
import { pickSources } from '../files.ts';
import { plural } from '../format.ts';
import { toasts } from './toasts.svelte.ts';
import { workspaces } from './workspaces.svelte.ts';

/**
 * Adds files to the open workspace and starts reading them. Says in a notice what was not taken and why; progress is in
 * the jobs tray and on the documents themselves.
 */
export async function addSources(sources: SourceFile[]): Promise<AddResult | null> {
  if (sources.length === 0) return null;
  const result = await jobs.add(workspaces.id, sources);
  const parts = [
    result.added > 0 && `${plural(result.added, 'file')} added`,
    result.changed > 0 && `${plural(result.changed, 'file')} updated`,
    result.unchanged > 0 && `${plural(result.unchanged, 'file')} already there`,
  ].filter(Boolean);
  if (parts.length > 0) toasts.show({ icon: 'check', message: parts.join(', ') });
  const [first] = result.refused;
  if (first) {
    const others = result.refused.length - 1;
    toasts.show({
      tone: 'warn',
      icon: 'warning',
      message: `${first.path}: ${first.problem.message}${others > 0 ? ` (and ${plural(others, 'other')})` : ''}`,
      detail: first.problem.wayOut,
      lasts: 12_000,
    });
  }
  return result;
}

/** Opens the picker and adds what was chosen. */
export async function addPicked(what: 'files' | 'folder'): Promise<AddResult | null> {
  return addSources(await pickSources(what));
}
