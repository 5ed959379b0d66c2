import type { AttuneDatabase } from '../storage/database.ts';
import type { DemoOptions, DemoState } from './contract.ts';

const keyOf = (workspaceId: string) => `demo/${workspaceId}`;

/** The last demonstration of a workspace. */
export async function readDemo(db: AttuneDatabase, workspaceId: string): Promise<DemoState | undefined> {
  return (await db.settings.get(keyOf(workspaceId)))?.value as DemoState | undefined;
}

export async function writeDemo(db: AttuneDatabase, demo: DemoState): Promise<void> {
  await db.settings.put({ key: keyOf(demo.workspaceId), value: demo });
}

export async function clearDemo(db: AttuneDatabase, workspaceId: string): Promise<void> {
  await db.settings.delete(keyOf(workspaceId));
}

export function newDemo(workspaceId: string, options: DemoOptions): DemoState {
  return { workspaceId, options, stage: 'documents', state: 'running', runs: {}, timings: {} };
}
