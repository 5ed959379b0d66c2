import * as v from 'valibot';
import type { ArchiveEntry } from '../ingest/archive/zip.ts';
import { damaged } from './archive-errors.ts';

/** Rows of a `.jsonl` of an archive, each checked; none where the archive has no such part. */
export async function* rowsOf<S extends v.GenericSchema>(
  entry: ArchiveEntry | undefined,
  schema: S,
  signal: AbortSignal,
): AsyncGenerator<v.InferOutput<S>> {
  if (!entry) return;
  const blob = await entry.blob(signal);
  for await (const line of linesOf(blob)) {
    signal.throwIfAborted();
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw damaged(`a line of ${entry.path} is cut off`, error);
    }
    yield v.parse(schema, value);
  }
}

async function* linesOf(blob: Blob): AsyncGenerator<string> {
  let rest = '';
  const reader = blob.stream().pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : lines.pop()!;
    for (const line of lines) if (line !== '') yield line;
    if (done) return;
  }
}
