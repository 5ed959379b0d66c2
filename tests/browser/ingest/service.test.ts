import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IngestProgress } from '../../../src/ingest/contract.ts';
import { Ingest } from '../../../src/ingest/ingest.ts';
import { searchModelTokens } from '../../../src/ingest/token-counter.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';

const workspaceId = 'w1';
let db: AttuneDatabase;
let ingest: Ingest;

beforeEach(async () => {
  db = new AttuneDatabase(`ingest-${crypto.randomUUID()}`);
  await db.workspaces.add({ id: workspaceId, name: 'Test', createdAt: 0, updatedAt: 0, settings: {} });
  ingest = new Ingest({ database: db, tokenCounter: searchModelTokens });
});
afterEach(() => db.delete());

const file = (path: string, content: string | Uint8Array<ArrayBuffer>) => ({ path, blob: new Blob([content]) });
const chunksOf = async (path: string) => {
  const document = await db.documents.where({ workspaceId, path }).first();
  return db.chunks.where('documentId').equals(document!.id).sortBy('ordinal');
};
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];
const verbs = ['read', 'approved', 'rejected', 'discussed', 'printed', 'forgotten', 'amended'];
/** Sentences, no two alike; sections of different seeds are no near-duplicates. */
const prose = (seed: number, count: number) =>
  Array.from(
    { length: count },
    (_, i) =>
      `The ${ordinals[(seed * 3 + i) % 8]} report of year ${seed * 1000 + i} was ${verbs[(seed + i * 3) % 7]} by the committee in room ${seed * 31 + i * 17}.`,
  ).join(' ');

describe('ingest', () => {
  it('stores, reads and chunks files, with exact offsets', async () => {
    const added = await ingest.add(workspaceId, [
      file('a/guide.md', `# Guide\n\n## One\n\n${prose(1, 40)}\n\n## Two\n\n${prose(2, 40)}`),
    ]);
    expect(added).toEqual({ added: 1, changed: 0, unchanged: 0, refused: [] });
    await ingest.run(workspaceId);
    const document = (await db.documents.toArray())[0]!;
    expect(document).toMatchObject({
      status: 'ready',
      format: 'markdown',
      folder: 'a',
      name: 'guide.md',
      title: 'Guide',
      language: 'en',
    });
    const { text } = (await db.documentTexts.get(document.id))!;
    const chunks = await chunksOf('a/guide.md');
    expect(chunks.length).toBe(document.chunkCount);
    expect(chunks.length).toBeGreaterThan(2);
    for (const chunk of chunks) {
      expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text);
      expect(chunk.tokens).toBeLessThanOrEqual(254);
      expect(chunk.headings[0]).toBe('Guide');
      expect(chunk.hash).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(chunks.at(-1)!.headings).toEqual(['Guide', 'Two']);
  });

  it('does nothing for an unchanged file and keeps the ids of unchanged chunks of a changed one', async () => {
    const sections = (second: string) =>
      file('g.md', `# A\n\n${prose(1, 30)}\n\n# B\n\n${second}\n\n# C\n\n${prose(3, 30)}`);
    await ingest.add(workspaceId, [sections(prose(2, 30))]);
    await ingest.run(workspaceId);
    const before = await chunksOf('g.md');
    expect(await ingest.add(workspaceId, [sections(prose(2, 30))])).toMatchObject({
      unchanged: 1,
      added: 0,
      changed: 0,
    });

    expect(await ingest.add(workspaceId, [sections(prose(5, 45))])).toMatchObject({ changed: 1 });
    await ingest.run(workspaceId);
    const after = await chunksOf('g.md');
    const kept = (heading: string) =>
      [before, after].map((rows) => rows.filter((row) => row.headings[0] === heading).map((row) => row.id));
    expect(kept('A')[0]).toEqual(kept('A')[1]);
    expect(kept('C')[0]).toEqual(kept('C')[1]);
    expect(kept('B')[0]!.filter((id) => kept('B')[1]!.includes(id))).toEqual([]);
    expect(await db.chunks.count()).toBe(after.length);
  });

  it('gives one clear message per bad file and reads the others', async () => {
    const { refused } = await ingest.add(workspaceId, [
      file('empty.txt', ''),
      file('photo.txt', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13])),
      file('good.txt', 'The answer is forty-two.'),
      file('broken.pdf', '%PDF-1.7 and then nothing of the kind'),
      file('broken.json', '{"a": '),
      file('blank.md', '\n \n'),
    ]);
    expect(refused.map(({ path, problem }) => [path, problem.code])).toEqual([
      ['empty.txt', 'document/empty'],
      ['photo.txt', 'document/unsupported'],
    ]);
    await ingest.run(workspaceId);
    const states = Object.fromEntries(
      (await db.documents.toArray()).map((row) => [row.path, row.problem?.code ?? row.status]),
    );
    expect(states).toEqual({
      'good.txt': 'ready',
      'broken.pdf': 'document/corrupt',
      'broken.json': 'document/corrupt',
      'blank.md': 'document/blank',
    });
  });

  it('reads old Western files, which are no UTF-8', async () => {
    await ingest.add(workspaceId, [
      file('a.txt', new Uint8Array([0x47, 0x72, 0xf6, 0xdf, 0x65, 0x20, 0x96, 0x20, 0x35, 0x20, 0x80])),
    ]);
    await ingest.run(workspaceId);
    expect((await chunksOf('a.txt'))[0]!.text).toBe('Größe – 5 €');
  });

  it('removes everything of a document and gives its near-duplicates a new original', async () => {
    const text = prose(4, 12);
    await ingest.add(workspaceId, [file('a.txt', text)]);
    await ingest.add(workspaceId, [file('b.txt', `${text} One more word.`)]);
    await ingest.add(workspaceId, [file('c.txt', `${text} Or another.`)]);
    await ingest.run(workspaceId);
    const [one, two, three] = await Promise.all(['a.txt', 'b.txt', 'c.txt'].map(chunksOf));
    expect(one![0]!.nearDuplicateOf).toBeUndefined();
    expect(two![0]!.nearDuplicateOf).toBe(one![0]!.id);
    expect(three![0]!.nearDuplicateOf).toBe(one![0]!.id);

    await ingest.remove(workspaceId, [one![0]!.documentId]);
    expect(await db.documents.count()).toBe(2);
    expect(await db.originals.count()).toBe(2);
    expect(await db.documentTexts.count()).toBe(2);
    expect((await chunksOf('b.txt'))[0]!.nearDuplicateOf).toBeUndefined();
    expect((await chunksOf('c.txt'))[0]!.nearDuplicateOf).toBe(two![0]!.id);

    // What became the original is stored as such: a fresh service compares with it.
    const fresh = new Ingest({ database: db, tokenCounter: searchModelTokens });
    await fresh.add(workspaceId, [file('four.txt', `${text} And a fourth.`)]);
    await fresh.run(workspaceId);
    expect((await chunksOf('four.txt'))[0]!.nearDuplicateOf).toBe(two![0]!.id);

    await fresh.remove(
      workspaceId,
      (await db.documents.toArray()).map((row) => row.id),
    );
    for (const table of [db.documents, db.originals, db.documentTexts, db.chunks, db.signatures])
      expect(await table.count()).toBe(0);
  });

  it('stops after the commit in progress and goes on where it was', async () => {
    await ingest.add(
      workspaceId,
      Array.from({ length: 12 }, (_, i) => file(`f${i}.md`, `# ${i}\n\n${prose(i + 1, 200)}`)),
    );
    const seen: IngestProgress[] = [];
    await ingest.run(workspaceId, (progress) => {
      seen.push(progress);
      if (progress.path === 'f0.md') void ingest.stop(workspaceId);
    });
    const states = (await db.documents.toArray()).map((row) => row.status);
    expect(states).toContain('waiting');
    expect(states).not.toContain('reading');
    await ingest.run(workspaceId, (progress) => seen.push(progress));
    expect((await db.documents.toArray()).map((row) => row.status)).toEqual(Array(12).fill('ready'));
    expect(seen.at(-1)).toMatchObject({ done: seen.at(-1)!.total });
  });

  it('reads a document that a killed tab left in mid-reading', async () => {
    await ingest.add(workspaceId, [file('a.txt', prose(1, 20))]);
    await db.documents.toCollection().modify({ status: 'reading' });
    await ingest.run(workspaceId);
    expect((await db.documents.toArray())[0]!.status).toBe('ready');
  });

  it('reads again with other settings after requeue', async () => {
    await ingest.add(workspaceId, [file('a.txt', prose(1, 60))]);
    await ingest.run(workspaceId);
    const before = await db.chunks.count();
    await db.workspaces.update(workspaceId, { settings: { 'ingest.maxTokens': 64, 'ingest.overlapTokens': 0 } });
    await ingest.requeue(
      workspaceId,
      (await db.documents.toArray()).map((row) => row.id),
    );
    await ingest.run(workspaceId);
    const chunks = await db.chunks.toArray();
    expect(chunks.length).toBeGreaterThan(before * 2);
    for (const chunk of chunks) expect(chunk.tokens).toBeLessThanOrEqual(64);
  });

  it('says that the disk is full, loses nothing, and goes on once there is room', async () => {
    const texts = [1, 2, 3].map((n) => file(`${n}.txt`, prose(n, 60)));
    await ingest.add(workspaceId, texts);
    // What the browser throws in a write, at the place where it throws it: a real quota cannot be set from a page.
    let isFull = true;
    const refuse = () => {
      if (isFull) throw new DOMException('Quota exceeded.', 'QuotaExceededError');
    };
    db.chunks.hook('creating', refuse);
    db.originals.hook('creating', refuse);

    await expect(ingest.run(workspaceId)).rejects.toMatchObject({ code: 'storage/full' });
    const { refused } = await ingest.add(workspaceId, [file('4.txt', 'More.')]);
    expect(refused.map(({ path, problem }) => [path, problem.code])).toEqual([['4.txt', 'storage/full']]);
    expect(
      (await db.documents.orderBy('[workspaceId+path]').toArray()).map(({ path, status }) => [path, status]),
    ).toEqual(['1.txt', '2.txt', '3.txt'].map((path) => [path, 'waiting']));
    expect(await db.originals.count()).toBe(3);
    expect(await db.chunks.count()).toBe(0);
    expect(await db.documentTexts.count()).toBe(0);

    isFull = false;
    await ingest.run(workspaceId);
    expect((await db.documents.toArray()).map((row) => row.status)).toEqual(Array(3).fill('ready'));
  });
});
