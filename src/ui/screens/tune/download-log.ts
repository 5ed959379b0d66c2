import type { RunPointRow, RunRow } from '../../../storage/schema.ts';
import { saveFile } from '../../files.ts';
import { logAsCsv, logAsJsonLines } from './run-log.ts';

/** Hands a run's log to the person as a file. */
export function downloadLog(run: RunRow, points: readonly RunPointRow[], as: 'jsonl' | 'csv'): void {
  const text = as === 'csv' ? logAsCsv(points) : logAsJsonLines(run, points);
  const type = as === 'csv' ? 'text/csv' : 'application/jsonl';
  // Without the characters that some file system forbids.
  const name = run.name.replace(/[\\/:*?"<>|\p{Cc}]/gu, ' ').trim() || 'run';
  saveFile(new Blob([text], { type }), `${name}.${as}`);
}
