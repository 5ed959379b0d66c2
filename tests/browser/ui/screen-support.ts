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
    // Colours change over a moment; what is measured is where they end.
    await Promise.all(
      document
        .getAnimations()
        .filter(isFinite)
        .map((animation) => animation.finished.catch(() => undefined)),
    );
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

/** Spinners turn for ever and are not waited for. */
function isFinite(animation: Animation): boolean {
  return animation.effect?.getComputedTiming().iterations !== Infinity;
}
