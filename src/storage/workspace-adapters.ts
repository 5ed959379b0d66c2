import type { WorkspaceAdapters, WorkspaceRow } from './schema.ts';

/** Adapters in force in a workspace. */
export function adaptersOf(workspace: Pick<WorkspaceRow, 'settings'> | undefined): WorkspaceAdapters {
  return (workspace?.settings['adapters'] as WorkspaceAdapters | undefined) ?? {};
}
