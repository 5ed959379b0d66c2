import { describe, expect, test } from 'vitest';
import type { DocumentRow } from '../../../src/storage/schema.ts';
import {
  foldersOf,
  initialView,
  visibleDocuments,
  type ListView,
} from '../../../src/ui/screens/library/document-list.ts';

function row(path: string, more: Partial<DocumentRow> = {}): DocumentRow {
  const slash = path.lastIndexOf('/');
  return {
    id: path,
    workspaceId: 'w',
    path,
    name: path.slice(slash + 1),
    folder: slash < 0 ? '' : path.slice(0, slash),
    format: 'text',
    bytes: 1,
    contentHash: '',
    status: 'ready',
    chunkCount: 1,
    addedAt: 0,
    updatedAt: 0,
    ...more,
  };
}

const view = (change: Partial<ListView>): ListView => ({ ...initialView, sort: 'name', descending: false, ...change });
const names = (rows: DocumentRow[]) => rows.map((shown) => shown.path);

describe('the library list', () => {
  test('names sort as people count: page 9 before page 10, accents and case ignored', () => {
    const rows = [row('Page 10.md'), row('école.md'), row('page 9.md'), row('Eagle.md'), row('zebra.md')];
    expect(names(visibleDocuments(rows, view({})))).toEqual([
      'Eagle.md',
      'école.md',
      'page 9.md',
      'Page 10.md',
      'zebra.md',
    ]);
  });

  test('a folder holds what lies below it, but not its namesakes', () => {
    const rows = [row('hr/leave.md'), row('hr/policies/sick.md'), row('hr-old/leave.md'), row('readme.md')];
    expect(names(visibleDocuments(rows, view({ folder: 'hr' })))).toEqual(['hr/leave.md', 'hr/policies/sick.md']);
    expect(names(visibleDocuments(rows, view({ folder: '' })))).toEqual(['readme.md']);
  });

  test('every word of the filter must occur, in path or title', () => {
    const rows = [row('hr/a.md', { title: 'Parental leave' }), row('hr/leave.md'), row('it/parental.md')];
    expect(names(visibleDocuments(rows, view({ text: 'LEAVE parental' })))).toEqual(['hr/a.md']);
  });

  test('by state, what failed comes first', () => {
    const rows = [
      row('a'),
      row('b', { status: 'waiting' }),
      row('c', { status: 'failed' }),
      row('d', { status: 'reading' }),
    ];
    expect(names(visibleDocuments(rows, view({ sort: 'state' })))).toEqual(['c', 'd', 'b', 'a']);
  });

  test('equal values stand in the order of their names, in both directions', () => {
    const rows = [row('c', { bytes: 5 }), row('a', { bytes: 5 }), row('b', { bytes: 9 })];
    expect(names(visibleDocuments(rows, view({ sort: 'size', descending: true })))).toEqual(['b', 'a', 'c']);
    expect(names(visibleDocuments(rows, view({ sort: 'size' })))).toEqual(['a', 'c', 'b']);
  });

  test('folders are listed parents first, with what they hold below them', () => {
    const rows = [row('a/b/1'), row('a/b/2'), row('a/3'), row('a b/4'), row('5')];
    expect(foldersOf(rows).map((folder) => [folder.path, folder.depth, folder.count])).toEqual([
      ['a', 0, 3],
      ['a/b', 1, 2],
      ['a b', 0, 1],
    ]);
  });
});
