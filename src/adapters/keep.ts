import { AttuneError } from '../errors/attune-error.ts';
import { hashFile } from '../ingest/hashing.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { Folders } from '../storage/folders.ts';
import type { AdapterRow } from '../storage/schema.ts';
import { storageFull } from '../storage/storage-full.ts';
import { adapterFiles, CARD, describeTuned, type TunedAdapter } from './adapter-files.ts';
import type { AdapterBase } from './base.ts';
import { adapterFolder } from './catalogue.ts';

/** What is known of an adapter beside its matrices. */
export type AdapterCard = Pick<AdapterRow, 'workspaceId' | 'name' | 'description' | 'task' | 'scores' | 'source'> &
  Partial<Pick<AdapterRow, 'dataLicence' | 'runId' | 'datasetHash' | 'recipe'>>;

/**
 * Files an adapter: its folder first, the row last, so that a crash leaves no row without files. What the same run filed
 * before, by hand or before a crash, is found again by its weights.
 *
 * @throws AttuneError `storage/full`
 */
export async function keepAdapter(
  database: AttuneDatabase,
  folders: Folders,
  tuned: TunedAdapter,
  base: Pick<AdapterBase, 'id' | 'name' | 'licence'>,
  card: AdapterCard,
): Promise<AdapterRow> {
  const files = adapterFiles(tuned, card.task, base.name);
  const weights = [...files].find(([name]) => name.endsWith('.safetensors'))?.[1];
  if (!weights) throw new AttuneError('adapters/incomplete', 'The adapter has no weights.', 'Train it again.');
  const sha256 = await hashFile(weights);
  const known = await filedBy(database, card.runId, sha256);
  if (known) return known;
  const id = crypto.randomUUID();
  const row: AdapterRow = {
    ...card,
    id,
    modelId: base.id,
    modelName: base.name,
    ...describeTuned(tuned),
    ...(tuned.denseWeight !== undefined && { denseWeight: tuned.denseWeight }),
    bytes: [...files.values()].reduce((sum, { size }) => sum + size, 0),
    sha256,
    baseLicence: base.licence,
    createdAt: Date.now(),
  };
  files.set(CARD, cardFile(row));
  try {
    for (const [name, content] of files) await folders.write(adapterFolder(id), name, content);
    await database.adapters.add(row);
  } catch (error) {
    await folders.removeFolder(adapterFolder(id)).catch(() => undefined);
    throw storageFull(error);
  }
  return row;
}

async function filedBy(
  { adapters }: AttuneDatabase,
  runId: string | undefined,
  sha256: string,
): Promise<AdapterRow | undefined> {
  if (runId === undefined) return undefined;
  return adapters.filter((row) => row.runId === runId && row.sha256 === sha256).first();
}

/** What goes with an adapter wherever it is carried: its row without what means nothing elsewhere. */
export function cardFile({ workspaceId: _, runId: __, ...card }: AdapterRow): Blob {
  return new Blob([`${JSON.stringify(card, null, 2)}\n`]);
}
