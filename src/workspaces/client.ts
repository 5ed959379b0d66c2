import { callback, WorkerBridge } from '../bridge/worker-bridge.ts';
import { retrieval } from '../retrieval/client.ts';
import { database } from '../storage/database.ts';
import type { WorkspaceRow } from '../storage/schema.ts';
import type { ArchiveProgress, ExportOptions, ImportResult, WorkspaceArchives } from './contract.ts';
import { removeTuningFiles } from './tuning-files.ts';
import { deleteRows } from './workspace-rows.ts';

const bridge = new WorkerBridge<WorkspaceArchives>({
  name: 'workspace',
  create: () =>
    new Worker(new URL('../../workers/workspaces.worker.ts', import.meta.url), { type: 'module', name: 'workspaces' }),
  idleMs: 10_000,
});

interface ArchiveCall {
  signal?: AbortSignal;
  onProgress?: (progress: ArchiveProgress) => void;
}

export async function createWorkspace(name: string): Promise<WorkspaceRow> {
  const now = Date.now();
  const row: WorkspaceRow = { id: crypto.randomUUID(), name, createdAt: now, updatedAt: now, settings: {} };
  await database().workspaces.add(row);
  return row;
}

export async function renameWorkspace(workspaceId: string, name: string): Promise<void> {
  await database().workspaces.update(workspaceId, { name, updatedAt: Date.now() });
}

/** Deletes a workspace with everything of it. Its work must have been stopped before (`ownership.release`). */
export async function deleteWorkspace(workspaceId: string): Promise<void> {
  await removeTuningFiles(await deleteRows(database(), workspaceId));
  await retrieval.removeWorkspace(workspaceId);
}

/** @returns the .zip; save it under a name of your own. */
export function exportWorkspace(workspaceId: string, options: ExportOptions, call: ArchiveCall = {}): Promise<Blob> {
  return cancellable(call, (onProgress) =>
    bridge.call((remote) => remote.exportWorkspace(workspaceId, options, onProgress)),
  );
}

/** Makes a new workspace of an exported one. */
export function importWorkspace(archive: Blob, call: ArchiveCall = {}): Promise<ImportResult> {
  return cancellable(call, (onProgress) => bridge.call((remote) => remote.importWorkspace(archive, onProgress)));
}

async function cancellable<T>(
  { signal, onProgress }: ArchiveCall,
  run: (onProgress?: (progress: ArchiveProgress) => void) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const cancel = () => void bridge.call((remote) => remote.cancel());
  signal?.addEventListener('abort', cancel);
  try {
    return await run(onProgress && callback(onProgress));
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
