import { appUrl } from '../models/files.ts';
import type { AdaptableModel } from '../engine/adapters/read-peft.ts';
import { openModel } from '../models/catalogue.ts';
import { opfsFolders } from '../storage/folders.ts';
import { readAdapterFiles, type TunedAdapter } from './adapter-files.ts';
import { findAdapter } from './catalogue.ts';
import type { AdapterDescription } from './contract.ts';

export interface LoadedAdapter {
  description: AdapterDescription;
  tuned: TunedAdapter;
}

/**
 * An adapter by its id, ready to be served; for workers.
 *
 * @param shape of its base model, where that is in memory already; absent: read from the model's files
 * @throws AttuneError `adapters/unknown`, `models/unknown` when its base model is gone, and those of reading its files
 */
export async function loadAdapter(id: string, shape?: AdaptableModel): Promise<LoadedAdapter> {
  const description = await findAdapter(id);
  const { modelId, task, denseWeight } = description;
  // A matrix over an endpoint's vectors has no model here.
  const model = shape ?? (task === 'linear' ? undefined : await openModel(modelId));
  const tuned = await readAdapterFiles((name) => readAdapterFile(description, name), task, model);
  return { description, tuned: denseWeight === undefined ? tuned : { ...tuned, denseWeight } };
}

/** A file of an adapter, wherever it lies; undefined where there is none of that name. */
export async function readAdapterFile(
  { location }: Pick<AdapterDescription, 'location'>,
  name: string,
): Promise<Blob | undefined> {
  if (location.kind === 'opfs') return opfsFolders.read(location.folder, name);
  const response = await fetch(appUrl(`${location.folder}/${name}`)).catch(() => undefined);
  // A static host may answer a missing file with its start page and status 200.
  const isPage = response?.headers.get('content-type')?.includes('html') ?? false;
  return response?.ok && !isPage ? response.blob() : undefined;
}
