import type { RunRow } from '../storage/schema.ts';
import type { CompanionFile } from './contract.ts';

/** What of runs lies on a node, from their rows. Pure, and light enough for every screen. */

/** Whether rows or a tuned model of a run lie on a node, or may: an upload that was cut off may have arrived. */
export function isHeldThere({ node }: Pick<RunRow, 'node'>): boolean {
  return node?.rows !== undefined || node?.model !== undefined;
}

/** What the rows of a run are called on its node, so that they are found again without their id. Trials share theirs. */
export function fileNameOf({ id, sweepId }: Pick<RunRow, 'id' | 'sweepId'>): string {
  return `${sweepId ?? id}.jsonl`;
}

/**
 * Files on a node that none of these runs knows: of workspaces that were deleted, or of another browser.
 *
 * @param runs whose rows lie on that node, or may
 */
export function filesOfNobody(files: readonly CompanionFile[], runs: readonly RunRow[]): CompanionFile[] {
  const known = new Set(runs.flatMap((run) => [fileNameOf(run), run.node?.fileId ?? '']));
  return files.filter(({ id, filename }) => !known.has(id) && !known.has(filename));
}
