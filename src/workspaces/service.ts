import { database } from '../storage/database.ts';
import type { WorkspaceArchives } from './contract.ts';
import { exportWorkspace } from './export-workspace.ts';
import { importWorkspace } from './import-workspace.ts';

/** Exports and imports over the app's database; see {@link WorkspaceArchives}. */
export function workspaceArchives(): WorkspaceArchives {
  let active: AbortController | undefined;
  const begin = () => (active = new AbortController()).signal;
  return {
    exportWorkspace: (workspaceId, options, onProgress) =>
      exportWorkspace(database(), workspaceId, options, begin(), onProgress),
    importWorkspace: (archive, onProgress) => importWorkspace(database(), archive, begin(), onProgress),
    cancel: async () => active?.abort(),
  };
}
