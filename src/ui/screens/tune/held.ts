import type { RunRow } from '../../../storage/schema.ts';

/** Whether rows or a tuned model of a run lie on a node, which may be forgotten. */
export function isHeldThere({ node }: RunRow): boolean {
  return node?.fileId !== undefined || node?.model !== undefined;
}
