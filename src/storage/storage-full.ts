import { AttuneError } from '../errors/attune-error.ts';

/** Browsers and Dexie report a full disk under several names and wrapped in others; all become one clear error. */
export function storageFull(error: unknown): unknown {
  return isStorageFull(error)
    ? new AttuneError(
        'storage/full',
        'The browser has no space left for Attune.',
        'Delete documents or models that you no longer need, or free disk space, and try again.',
        { cause: error },
      )
    : error;
}

function isStorageFull(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 4) return false;
  const { name, inner, cause, message } = error as {
    name?: string;
    inner?: unknown;
    cause?: unknown;
    message?: string;
  };
  if (name === 'QuotaExceededError' || name === 'QuotaExceeded') return true;
  // Chromium when the disk itself, not the quota, is full.
  if (name === 'UnknownError' && /disk|space|full/i.test(message ?? '')) return true;
  return isStorageFull(inner, depth + 1) || isStorageFull(cause, depth + 1);
}
