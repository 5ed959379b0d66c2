import { AttuneError } from '../errors/attune-error.ts';

export function damaged(detail: string, cause?: unknown): AttuneError {
  return new AttuneError(
    'workspace/damaged',
    `The exported workspace is damaged: ${detail}.`,
    'Copy the file again, or export the workspace once more. Nothing was changed here.',
    { cause },
  );
}
