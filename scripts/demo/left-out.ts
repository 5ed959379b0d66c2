import type { DocumentRow } from '../../src/storage/schema.ts';

/**
 * Files that cannot be searched, a line each: those that the app did not take (it keeps no row of them) and those that
 * it could not read.
 *
 * @param paths as the files were chosen, with their folder
 */
export function leftOut(
  paths: readonly string[],
  rows: readonly Pick<DocumentRow, 'path' | 'status' | 'problem'>[],
): string[] {
  const known = rows.map(({ path }) => path);
  const isTaken = (path: string) => known.some((other) => other === path || other.startsWith(`${path}/`));
  return [
    ...paths
      .filter((path) => !isTaken(path.normalize('NFC')))
      .map((path) => `${path} was not taken: it is empty, locked by a password, or of a kind that is not read.`),
    ...rows
      .filter(({ status }) => status === 'failed')
      .map(({ path, problem }) => `${path} could not be read: ${problem?.message ?? 'no reason is known.'}`),
  ];
}
