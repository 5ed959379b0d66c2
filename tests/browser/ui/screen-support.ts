import axe from 'axe-core';
import { expect } from 'vitest';
import { database } from '../../../src/storage/database.ts';
import type { DocumentRow } from '../../../src/storage/schema.ts';
import { addSources } from '../../../src/ui/state/adding.ts';

/** Findings of axe on what is shown now, in both themes, as "rule: element". */
export async function axeFindings(): Promise<string[]> {
  const findings: string[] = [];
  for (const theme of ['light', 'dark']) {
    document.documentElement.dataset.theme = theme;
    endTransitions();
    const { violations } = await axe.run(document.getElementById('app')!, { resultTypes: ['violations'] });
    findings.push(
      ...violations.flatMap(({ id, nodes }) => nodes.map((node) => `${theme} ${id}: ${node.html.slice(0, 160)}`)),
    );
  }
  delete document.documentElement.dataset.theme;
  return findings;
}

/** Adds files through the real workers and waits until each was read. */
export async function addFiles(workspaceId: string, files: Record<string, string>): Promise<void> {
  await addSources(Object.entries(files).map(([path, text]) => ({ path, blob: new Blob([text]) })));
  const read = () => database().documents.where('[workspaceId+status]').equals([workspaceId, 'ready']).count();
  await expect.poll(read, { timeout: 30_000 }).toBe(Object.keys(files).length);
}

/** Rows of documents that were read; only the list needs them. */
export function documentRows(workspaceId: string, count: number): DocumentRow[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `d${n}`,
    workspaceId,
    path: `folder ${n % 40}/report ${n}.md`,
    name: `report ${n}.md`,
    folder: `folder ${n % 40}`,
    format: 'markdown',
    bytes: 1000 + n,
    contentHash: String(n),
    status: 'ready',
    chunkCount: n % 50,
    addedAt: n,
    updatedAt: n,
  }));
}

/**
 * Brings every colour to where it ends. That is not waited for: what is folded away gets no frames, so its transitions
 * never say that they are over. Spinners turn for ever and stay.
 */
function endTransitions(): void {
  const underWay = () =>
    document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity);
  // What inherits a colour begins to change when that one has.
  for (let animations = underWay(); animations.length > 0; animations = underWay()) {
    for (const animation of animations) animation.finish();
  }
}
