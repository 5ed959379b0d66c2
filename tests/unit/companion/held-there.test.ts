import { expect, it } from 'vitest';
import type { CompanionFile } from '../../../src/companion/contract.ts';
import { fileNameOf, filesOfNobody, isHeldThere } from '../../../src/companion/held-there.ts';
import type { RunRow } from '../../../src/storage/schema.ts';

const file = (id: string, filename: string) => ({ id, filename }) as CompanionFile;
const node = { nodeId: 'n', name: 'gpu.lan' };

it('a file is known by its id or, when its upload was cut off, by the name of its run or sweep', () => {
  const runs = [
    { id: 'older', node: { ...node, rows: 3, fileId: 'file-1' } },
    { id: 'cut-off', node: { ...node, rows: 3 } },
    { id: 'trial', sweepId: 'sweep', node: { ...node, rows: 3 } },
  ] as RunRow[];
  const files = [
    file('file-1', 'rows.jsonl'),
    file('file-2', 'cut-off.jsonl'),
    file('file-3', fileNameOf(runs[2]!)),
    file('file-4', 'of-another-browser.jsonl'),
  ];
  expect(filesOfNobody(files, runs).map(({ id }) => id)).toEqual(['file-4']);
});

it('rows of which nobody heard that they arrived count as held', () => {
  expect(isHeldThere({ node: { ...node, rows: 3 } })).toBe(true);
  expect(isHeldThere({ node: { ...node, model: 'ft:x' } })).toBe(true);
  expect(isHeldThere({ node: { ...node, jobId: 'job' } })).toBe(false);
  expect(isHeldThere({})).toBe(false);
});
