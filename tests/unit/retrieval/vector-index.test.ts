import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import type { FileSpace, RandomAccessFile } from '../../../src/retrieval/files/random-access.ts';
import { recordBytes } from '../../../src/retrieval/vectors/record.ts';
import { VectorIndex } from '../../../src/retrieval/vectors/vector-index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { bruteForce, randomUnitVector, seededRandom } from '../../support/vectors.ts';

const DIMENSIONS = 20;

/** Vectors by the hash of their name, always the same ones. */
function named(...names: string[]): { hashes: string[]; vectors: Float32Array } {
  const vectors = names.flatMap((name) => {
    const seed = [...name].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7);
    return [...randomUnitVector(seededRandom(seed), DIMENSIONS)];
  });
  return { hashes: names.map(hash), vectors: Float32Array.from(vectors) };
}

function hash(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** Each name's vector finds itself with score 1: slot, codes and row belong together. */
async function expectWhole(index: VectorIndex, names: string[]): Promise<void> {
  const everything = new Uint8Array(index.slotCount);
  for (const known of index.hashes()) everything[index.slotOf(known)!] = 1;
  for (const name of names) {
    const [best] = await index.search(named(name).vectors, 1, everything);
    expect(best!.slot).toBe(index.slotOf(hash(name)));
    expect(best!.score).toBeCloseTo(1, 6);
  }
}

/** Stops everything at the n-th write, truncation or flush, as a killed process does. */
function dyingAfter(inner: FileSpace, steps: number): FileSpace {
  let left = steps;
  const step = () => {
    if (left-- <= 0) throw new Error('killed');
  };
  const dying = (file: RandomAccessFile): RandomAccessFile => ({
    getSize: () => file.getSize(),
    read: (into, at) => file.read(into, at),
    write: (bytes, at) => (step(), file.write(bytes, at)),
    truncate: (bytes) => (step(), file.truncate(bytes)),
    flush: () => (step(), file.flush()),
  });
  return {
    withFiles: (folder, names, use) => inner.withFiles(folder, names, (...files) => use(...files.map(dying))),
    remove: (folder) => inner.remove(folder),
    exclusively: (name, use) => inner.exclusively(name, use),
  };
}

describe('a vector index', () => {
  it('is the same after it is opened again', async () => {
    const files = new FolderFiles(temporaryFolder());
    const index = await VectorIndex.open(files, 'i', DIMENSIONS);
    const { hashes, vectors } = named('a', 'b', 'c');
    await index.add(hashes, vectors);
    const again = await VectorIndex.open(files, 'i', DIMENSIONS);
    expect([...again.hashes()].sort()).toEqual([...hashes].sort());
    await expectWhole(again, ['a', 'b', 'c']);
    const query = named('query').vectors;
    expect((await again.search(query, 3, new Uint8Array(3).fill(1))).map(({ score }) => score)).toEqual(
      bruteForce(vectors, query, 3).map(({ score }) => score),
    );
  });

  it('files a hash once, however often it is added', async () => {
    const index = await VectorIndex.open(new FolderFiles(temporaryFolder()), 'i', DIMENSIONS);
    const { hashes, vectors } = named('a', 'b', 'a');
    await index.add(hashes, vectors);
    await index.add(hashes, vectors);
    expect(index.size).toBe(2);
    expect(index.slotCount).toBe(2);
  });

  it('erases the bytes of what is erased, uses its slot again and shrinks at the end', async () => {
    const folder = temporaryFolder();
    const index = await VectorIndex.open(new FolderFiles(folder), 'i', DIMENSIONS);
    const { hashes, vectors } = named('a', 'b', 'c');
    await index.add(hashes, vectors);
    await index.erase([hash('b')]);
    const stride = recordBytes(DIMENSIONS);
    const codes = readFileSync(join(folder, 'i/codes.bin'));
    const rows = readFileSync(join(folder, 'i/vectors.bin'));
    expect(codes.subarray(stride, 2 * stride).every((byte) => byte === 0)).toBe(true);
    expect(rows.subarray(4 * DIMENSIONS, 8 * DIMENSIONS).every((byte) => byte === 0)).toBe(true);
    expect(index.slotOf(hash('b'))).toBeUndefined();

    const d = named('d');
    await index.add(d.hashes, d.vectors);
    expect(index.slotOf(hash('d'))).toBe(1);
    await expectWhole(index, ['a', 'c', 'd']);

    await index.erase([hash('c'), hash('d')]);
    expect(statSync(join(folder, 'i/codes.bin')).size).toBe(stride);
    await expectWhole(index, ['a']);
  });

  it('keeps its indexes apart', async () => {
    const files = new FolderFiles(temporaryFolder());
    const base = await VectorIndex.open(files, 'w/base', DIMENSIONS);
    const tuned = await VectorIndex.open(files, 'w/tuned', DIMENSIONS);
    await base.add(named('a').hashes, named('a').vectors);
    await tuned.add(named('a').hashes, named('b').vectors);
    const reopened = await VectorIndex.open(files, 'w/base', DIMENSIONS);
    await expectWhole(reopened, ['a']);
  });

  it('says so when the disk takes less than it was given', async () => {
    const inner = new FolderFiles(temporaryFolder());
    const full: FileSpace = {
      ...dyingAfter(inner, Infinity),
      withFiles: (folder, names, use) =>
        inner.withFiles(folder, names, (...files) =>
          use(...files.map((file): RandomAccessFile => ({ ...file, write: () => 0 }))),
        ),
    };
    const index = await VectorIndex.open(full, 'i', DIMENSIONS);
    const adding = index.add(named('a').hashes, named('a').vectors);
    await expect(adding).rejects.toMatchObject({ name: 'QuotaExceededError' });
    expect(index.size).toBe(0);
  });
});

describe('killed at any step', () => {
  it('of adding: every vector is whole or absent, and adding again completes', async () => {
    let died = 0;
    for (let steps = 0; steps < 40; steps++) {
      const files = new FolderFiles(temporaryFolder());
      const first = await VectorIndex.open(files, 'i', DIMENSIONS);
      await first.add(named('a', 'gap', 'b').hashes, named('a', 'gap', 'b').vectors);
      await first.erase([hash('gap')]);

      const dying = await VectorIndex.open(dyingAfter(files, steps), 'i', DIMENSIONS);
      const { hashes, vectors } = named('c', 'd', 'e');
      const outcome = await dying.add(hashes, vectors).catch(() => 'killed');
      died += outcome === 'killed' ? 1 : 0;

      const after = await VectorIndex.open(files, 'i', DIMENSIONS);
      const there = ['a', 'b', 'c', 'd', 'e'].filter((name) => after.slotOf(hash(name)) !== undefined);
      expect(there).toEqual(expect.arrayContaining(['a', 'b']));
      await expectWhole(after, there);
      await after.add(hashes, vectors);
      expect(after.size).toBe(5);
      await expectWhole(after, ['a', 'b', 'c', 'd', 'e']);
    }
    expect(died).toBeGreaterThan(8);
    expect(died).toBeLessThan(40);
  });

  it('of erasing: what is left is whole, and erasing again completes', async () => {
    let died = 0;
    for (let steps = 0; steps < 20; steps++) {
      const files = new FolderFiles(temporaryFolder());
      const first = await VectorIndex.open(files, 'i', DIMENSIONS);
      await first.add(named('a', 'b', 'c').hashes, named('a', 'b', 'c').vectors);

      const dying = await VectorIndex.open(dyingAfter(files, steps), 'i', DIMENSIONS);
      const outcome = await dying.erase([hash('a'), hash('b')]).catch(() => 'killed');
      died += outcome === 'killed' ? 1 : 0;

      const after = await VectorIndex.open(files, 'i', DIMENSIONS);
      await expectWhole(
        after,
        ['a', 'b', 'c'].filter((name) => after.slotOf(hash(name)) !== undefined),
      );
      expect(after.slotOf(hash('c'))).toBeDefined();
      await after.erase([hash('a'), hash('b')]);
      expect([...after.hashes()]).toEqual([hash('c')]);
    }
    expect(died).toBeGreaterThan(4);
    expect(died).toBeLessThan(20);
  });
});
