import { jobs } from '../../../jobs/client.ts';
import { isHeldThere } from '../../../companion/held-there.ts';
import { toProblem } from '../../../errors/attune-error.ts';
import { database } from '../../../storage/database.ts';
import type { RunRow, WorkspaceRow } from '../../../storage/schema.ts';
import { deleteWorkspace, exportWorkspace, importWorkspace } from '../../../workspaces/client.ts';
import { pickSources, saveFile } from '../../files.ts';
import { report } from '../../state/errors.svelte.ts';
import { nodes } from '../../state/nodes.svelte.ts';
import { ownership } from '../../state/ownership.svelte.ts';
import { toasts } from '../../state/toasts.svelte.ts';
import { workspaces } from '../../state/workspaces.svelte.ts';

/** Writes the workspace into one .zip and hands it over as a download. */
export async function exportToFile(row: WorkspaceRow, vectors: boolean): Promise<void> {
  const archive = await jobs.track(
    { kind: 'export', workspaceId: row.id, title: `Exporting ${row.name}`, unit: 'documents' },
    (onProgress, signal) => exportWorkspace(row.id, { vectors }, { onProgress, signal }),
  );
  saveFile(archive, `${row.name.replace(/[\\/:*?"<>|]/g, ' ').trim() || 'workspace'}.zip`);
}

/** Lets the person choose an exported .zip and opens it as a new workspace. Nothing that is here is touched. */
export async function importFromFile(): Promise<void> {
  const [file] = await pickSources('files');
  if (!file) return;
  const { workspaceId, name } = await jobs.track(
    { kind: 'import', workspaceId: null, title: `Importing ${file.path}`, unit: 'documents' },
    (onProgress, signal) => importWorkspace(file.blob, { onProgress, signal }),
  );
  try {
    await workspaces.select(workspaceId);
    await ownership.claim(workspaceId);
    // Vectors that the archive did not carry are computed anew.
    await jobs.embed(workspaceId);
    toasts.show({ icon: 'check', message: `“${name}” is imported and open` });
  } catch (error) {
    // The form that asked for it went with the workspace that was open.
    report(error);
  }
}

/** Deletes a workspace with everything of it, on nodes too, unless it is undone within ten seconds. */
export async function removeWorkspace(row: WorkspaceRow): Promise<void> {
  await workspaces.hide(row.id);
  await ownership.claim(workspaces.id);
  toasts.undoable(`Deleted “${row.name}”`, {
    undo: () => void workspaces.unhide(row.id).catch(report),
    commit: () =>
      void (async () => {
        await ownership.release(row.id);
        // Read before their rows go; deleted after, since a tab that is about to close may not reach a node any more.
        const held = await runsHeldThere(row.id);
        await deleteWorkspace(row.id);
        await removeFromNodes(held);
      })().catch(report),
  });
}

/** Runs of a workspace of which something lies on nodes that are still paired. */
async function runsHeldThere(workspaceId: string): Promise<RunRow[]> {
  const runs = await database().runs.where('workspaceId').equals(workspaceId).toArray();
  return runs.filter((run) => isHeldThere(run) && !nodes.isForgotten(run.node!.nodeId));
}

/** A node that cannot be told is named: what lies there is found again under Settings, as files that no run knows. */
async function removeFromNodes(held: readonly RunRow[]): Promise<void> {
  for (const nodeId of new Set(held.map((run) => run.node!.nodeId))) {
    const runs = held.filter((run) => run.node!.nodeId === nodeId);
    try {
      await (await import('../../../companion/app-runs.ts')).removeFromNode(runs);
    } catch (error) {
      const { message } = toProblem(error);
      toasts.show({
        tone: 'warn',
        message: `Rows of the workspace still lie on ${runs[0]!.node!.name}`,
        detail: `${message} They are listed with the node under Settings, and can be deleted there.`,
        lasts: null,
      });
    }
  }
}
