import { AttuneError } from '../errors/attune-error.ts';
import { appUrl } from '../models/files.ts';
import { database } from '../storage/database.ts';
import type { AdapterRow, TuningTask } from '../storage/schema.ts';
import type { AdapterDescription, StarterAdapterManifest } from './contract.ts';

type Starter = AdapterDescription & { purpose: 'answers' | 'questions' };

/** Every adapter that can be switched on: starters first, then the newest first. */
export async function listAdapters(task?: TuningTask): Promise<AdapterDescription[]> {
  const [starters, rows] = await Promise.all([starterAdapters(), database().adapters.toArray()]);
  const own = rows.sort((a, b) => b.createdAt - a.createdAt).map(describeAdapter);
  return [...starters, ...own].filter((adapter) => task === undefined || adapter.task === task);
}

/** The starters that lie with the app; none where `npm run make:starters` was never run. */
export async function starterAdapters(): Promise<Starter[]> {
  const response = await fetch(appUrl('adapters/manifest.json')).catch(() => undefined);
  if (!response?.ok || !response.headers.get('content-type')?.includes('json')) return [];
  const { adapters } = (await response.json()) as StarterAdapterManifest;
  return adapters.map((adapter) => ({
    ...adapter,
    starter: true,
    location: { kind: 'origin', folder: `adapters/${adapter.purpose}` },
  }));
}

/** @throws AttuneError `adapters/unknown` */
export async function findAdapter(id: string): Promise<AdapterDescription> {
  const row = await database().adapters.get(id);
  const found = row ? describeAdapter(row) : (await starterAdapters()).find((starter) => starter.id === id);
  if (found) return found;
  throw new AttuneError(
    'adapters/unknown',
    'The adapter is not there any more.',
    'Choose another one in Models, or go on with the base model.',
  );
}

export function describeAdapter({ workspaceId: _, ...row }: AdapterRow): AdapterDescription {
  return { ...row, starter: false, location: { kind: 'opfs', folder: adapterFolder(row.id) } };
}

export function adapterFolder(id: string): string {
  return `adapters/${id}`;
}
