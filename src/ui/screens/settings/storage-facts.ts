/** Sizes in bytes, of everything that this origin keeps. */
export interface StorageFacts {
  used: number;
  quota: number;
  persistent: boolean;
}

/** What the browser says about the space of this app; zeros where it does not say. */
export async function storageFacts(): Promise<StorageFacts> {
  const [{ usage = 0, quota = 0 }, persistent] = await Promise.all([
    navigator.storage.estimate(),
    navigator.storage.persisted(),
  ]);
  return { used: usage, quota, persistent };
}
