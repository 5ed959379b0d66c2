import type { PoolPassage } from '../examples.ts';
import type { TaskInput } from './task.ts';

/**
 * What a run takes of the workspace's passages. It is remembered: documents that come or go while a run is paused would
 * shift the places at which its wrong passages were found, and scores would be of another search than those before.
 *
 * @param name of the share in the run's memo
 * @param choose what is taken of all passages; not asked again when the run goes on
 */
export async function workspaceShare(
  { memo, workspacePassages }: Pick<TaskInput, 'memo' | 'workspacePassages'>,
  name: 'judged passages' | 'mined passages',
  choose: (all: readonly PoolPassage[]) => PoolPassage[],
): Promise<PoolPassage[]> {
  if (!workspacePassages) return [];
  const known = memo?.get(name) as PoolPassage[] | undefined;
  if (known) return known;
  const chosen = choose(await workspacePassages());
  await memo?.set(name, chosen);
  return chosen;
}
