import { openModel } from '../models/catalogue.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { Folders } from '../storage/folders.ts';
import type { WorkspaceAdapters } from '../storage/schema.ts';
import { adapterBase } from './base.ts';
import { adapterFolder, describeAdapter, listAdapters } from './catalogue.ts';
import { CARD } from './adapter-files.ts';
import type { AdapterExport, AdapterLibrary } from './contract.ts';
import { cardFile, keepAdapter } from './keep.ts';
import { loadAdapter } from './load.ts';

/** Adapters of the app; see {@link AdapterLibrary}. Runs in a worker: reading and merging take a while. */
export function adapterLibrary(db: AttuneDatabase, folders: Folders): AdapterLibrary {
  return {
    list: listAdapters,

    async rename(id, name, description) {
      const changed = await db.adapters.update(id, { name, description });
      if (!changed) throw starterStays();
      const row = (await db.adapters.get(id))!;
      await folders.write(adapterFolder(id), CARD, cardFile(row));
    },

    async remove(id) {
      if (!(await db.adapters.get(id))) throw starterStays();
      await db.transaction('rw', db.adapters, db.workspaces, db.runs, async () => {
        await db.workspaces.toCollection().modify((workspace) => {
          const inForce = workspace.settings['adapters'] as WorkspaceAdapters | undefined;
          if (!inForce || !Object.values(inForce).includes(id)) return;
          const kept = Object.entries(inForce).filter(([, adapter]) => adapter !== id);
          workspace.settings['adapters'] = Object.fromEntries(kept);
          workspace.updatedAt = Date.now();
        });
        // The run may make it again, of its checkpoint.
        await db.runs
          .filter(({ adapterId }) => adapterId === id)
          .modify((run) => {
            delete run.adapterId;
          });
        await db.adapters.delete(id);
      });
      await folders.removeFolder(adapterFolder(id));
    },

    async import(sources, modelId) {
      const { readImport } = await import('./import.ts');
      const base = await adapterBase(modelId, db);
      const model = base.host === undefined ? await openModel(modelId) : undefined;
      const { task, tuned, card } = await readImport(sources, model);
      const zip = sources.find(({ path }) => /\.zip$/i.test(path));
      const row = await keepAdapter(db, folders, tuned, base, {
        workspaceId: null,
        description: '',
        scores: [],
        ...card,
        task,
        source: `imported from ${zip?.path ?? 'a folder'}`,
      });
      return describeAdapter(row);
    },

    async export(id: string, as: AdapterExport) {
      const { exportAdapter } = await import('./export.ts');
      const { description, tuned } = await loadAdapter(id);
      return exportAdapter(description, tuned, () => openModel(description.modelId), as);
    },
  };
}

function starterStays(): AttuneError {
  return new AttuneError(
    'adapters/starter',
    'An adapter that comes with the app cannot be renamed or deleted.',
    'Switch it off instead, or import a copy of it.',
  );
}
