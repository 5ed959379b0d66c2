import type { EngineInfo } from '../../generation/contract.ts';
import { retrieval } from '../../retrieval/client.ts';
import { database } from '../../storage/database.ts';
import { generation } from '../../generation/client.ts';

/** What this machine and this tab hold: read when asked for, since each answer comes from another worker. */
export interface MachineFacts {
  search: { name: string; device: string; adapter: string | undefined; building: boolean } | null;
  answer: EngineInfo | null;
  /** Speed of the last answer in this workspace. */
  tokensPerSecond: number | undefined;
  device: string;
  storage: { used: number; quota: number; persistent: boolean };
}

export async function describeMachine(workspaceId: string): Promise<MachineFacts> {
  const [search, answer, tokensPerSecond, device, storage] = await Promise.all([
    searchModel(workspaceId),
    generation.current(),
    lastSpeed(workspaceId),
    processors(),
    storageFacts(),
  ]);
  return { search, answer, tokensPerSecond, device, storage };
}

/** Asked only where there is something to search: the question alone loads the model. */
async function searchModel(workspaceId: string): Promise<MachineFacts['search']> {
  if ((await database().chunks.where('workspaceId').equals(workspaceId).limit(1).count()) === 0) return null;
  const { embedderId, device, adapter, answering } = await retrieval.status(workspaceId);
  if (!embedderId) return null;
  // While the index of another embedder is built, the one before answers.
  return { name: embedderId, device, adapter: adapter?.name, building: answering.embedderId !== embedderId };
}

async function lastSpeed(workspaceId: string): Promise<number | undefined> {
  const answered = database().messages.where('workspaceId').equals(workspaceId);
  let latest = { at: 0, speed: undefined as number | undefined };
  await answered.each(({ createdAt, stats }) => {
    if (stats && stats.outputTokens > 0 && createdAt > latest.at)
      latest = { at: createdAt, speed: stats.tokensPerSecond };
  });
  return latest.speed;
}

async function processors(): Promise<string> {
  const threads = crossOriginIsolated ? `${navigator.hardwareConcurrency} processor threads` : '1 processor thread';
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter || isSoftware(adapter.info)) return `${threads}, no usable graphics processor`;
  return `${threads}, graphics: ${adapter.info.description || adapter.info.vendor}`;
}

async function storageFacts(): Promise<MachineFacts['storage']> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { used: usage, quota, persistent: await navigator.storage.persisted() };
}

/** A software adapter is slower than wasm; for everything that we do it counts as none. */
function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(`${info.description} ${info.architecture}`);
}
