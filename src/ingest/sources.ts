import { readArchive } from './archive/zip.ts';
import type { SourceFile } from './contract.ts';
import type { DocumentFormat } from '../storage/schema.ts';
import { identify, isClutter, nameOf } from './formats.ts';
import { archiveLimits, maxFileBytes } from './limits.ts';
import { documentProblem } from './problems.ts';

/** A file to be stored, or why it is not. */
export type OpenedFile = { path: string; blob: Blob; format: DocumentFormat } | { path: string; error: unknown };

/** Opens sources one by one: zips (also within zips) give their files, each under the path of its zip. */
export async function* openSource(source: SourceFile, signal: AbortSignal, depth = 0): AsyncGenerator<OpenedFile> {
  signal.throwIfAborted();
  const path = cleanPath(source.path);
  if (isClutter(path)) return;
  try {
    const kind = await identify(path, source.blob);
    if (kind.kind === 'document') {
      yield { path, format: kind.format, blob: withinLimit(path, source.blob, kind.format) };
    } else {
      yield* openArchive(path, source.blob, signal, depth);
    }
  } catch (error) {
    signal.throwIfAborted();
    yield { path, error };
  }
}

async function* openArchive(path: string, blob: Blob, signal: AbortSignal, depth: number): AsyncGenerator<OpenedFile> {
  if (depth >= archiveLimits.depth) {
    throw documentProblem.zipBomb(nameOf(path), `it lies within more than ${archiveLimits.depth} other archives`);
  }
  for await (const entry of readArchive(blob, nameOf(path))) {
    const inner = `${path}/${entry.path}`;
    if (isClutter(inner)) continue;
    let content: Blob;
    try {
      content = await entry.blob(signal);
    } catch (error) {
      signal.throwIfAborted();
      yield { path: inner, error };
      continue;
    }
    yield* openSource({ path: inner, blob: content }, signal, depth + 1);
  }
}

function withinLimit(path: string, blob: Blob, format: DocumentFormat): Blob {
  const limit = maxFileBytes[format];
  if (blob.size > limit) throw documentProblem.tooLarge(nameOf(path), blob.size / 1_000_000, limit / 1_000_000);
  return blob;
}

/** One form of a path, so that the same file is found again: '/' between parts, none at the ends, composed letters. */
function cleanPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
    .normalize('NFC');
}
