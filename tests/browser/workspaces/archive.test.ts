import {
  BlobReader,
  BlobWriter,
  configure,
  ZipReader,
  ZipWriter,
  type FileEntry,
} from '@zip.js/zip.js/lib/zip-core-native.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ingest } from '../../../src/ingest/ingest.ts';
import { approximateTokens } from '../../../src/ingest/token-counter.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { exportWorkspace } from '../../../src/workspaces/export-workspace.ts';
import { importWorkspace } from '../../../src/workspaces/import-workspace.ts';
import { removeVectors, writeVectorFile } from '../../../src/workspaces/vector-files.ts';
import { workspaceTables } from '../../../src/workspaces/workspace-rows.ts';

configure({ useWebWorkers: false });
const signal = new AbortController().signal;
const workspaceId = 'origin';
let db: AttuneDatabase;

beforeEach(async () => {
  db = new AttuneDatabase(`workspaces-${crypto.randomUUID()}`);
  await db.workspaces.add({
    id: workspaceId,
    name: 'Case files',
    createdAt: 1,
    updatedAt: 1,
    settings: { 'ingest.maxTokens': 100 },
  });
  const ingest = new Ingest({ database: db, tokenCounter: async () => approximateTokens });
  const twice =
    'The same words stand in two of the files, which makes one of them a near-duplicate of the other one. '.repeat(3);
  const file = (path: string, text: string) => ({ path, blob: new Blob([text]) });
  await ingest.add(workspaceId, [
    file('a/one.md', `# One\n\nText of one.\n\n## Part\n\n${twice}`),
    file('two.txt', twice),
    file('bad.json', '{'),
    file('größe 1.csv', 'a,b\n1,2'),
  ]);
  await ingest.run(workspaceId);
  const chunk = (await db.chunks.toArray())[0]!;
  await db.chats.add({ id: 'c1', workspaceId, title: 'A chat', createdAt: 5, updatedAt: 6 });
  const passage = {
    number: 1,
    chunkId: chunk.id,
    documentId: chunk.documentId,
    documentName: 'one.md',
    path: 'a/one.md',
    headings: [],
    start: 0,
    end: 3,
    text: 'One',
    score: 1,
  };
  await db.messages.add({
    id: 'm1',
    chatId: 'c1',
    workspaceId,
    role: 'assistant',
    text: 'Yes [1].',
    createdAt: 7,
    passages: [passage],
    feedback: { vote: 'up', at: 8 },
  });
  await db.endpoints.add({ id: 'e1', name: 'Server', baseUrl: 'http://localhost', model: 'm', enabled: true });
  await db.secrets.add({ id: 'e1', value: 'sk-very-secret' });
  await db.vectorIndexes.add({
    id: `${workspaceId}/minilm`,
    workspaceId,
    embedderId: 'minilm',
    dimensions: 4,
    count: 1,
    revision: 3,
    updatedAt: 1,
  });
  await writeVectorFile(workspaceId, '0123456789abcdef/codes.bin', new Blob([new Uint8Array([1, 2, 3])]));
});
afterEach(async () => {
  for (const { id } of await db.workspaces.toArray()) await removeVectors(db, id);
  await db.delete();
});

const chunksOf = (id: string) => db.chunks.where('workspaceId').equals(id).toArray();
/** Everything of a workspace but ids and times, in a fixed order. */
async function content(id: string) {
  const documents = await db.documents.where('workspaceId').equals(id).sortBy('path');
  const chunks = await chunksOf(id);
  const pathOf = (chunkId?: string) => documents.find((row) => row.id === chunkId?.slice(0, 32))?.path;
  return {
    documents: documents.map(({ path, format, status, problem, title, chunkCount, contentHash, addedAt }) => ({
      path,
      format,
      status,
      problem,
      title,
      chunkCount,
      contentHash,
      addedAt,
    })),
    originals: await Promise.all(documents.map(async (row) => (await db.originals.get(row.id))!.blob.text())),
    texts: await Promise.all(
      documents.map(async (row) => {
        const { text, blocks } = (await db.documentTexts.get(row.id)) ?? {};
        return { text, blocks };
      }),
    ),
    chunks: chunks
      .map((row) => ({
        ...row,
        id: row.id.slice(32),
        path: pathOf(row.id),
        documentId: '',
        workspaceId: '',
        nearDuplicateOf: pathOf(row.nearDuplicateOf),
      }))
      .sort((a, b) => (a.path! + a.ordinal < b.path! + b.ordinal ? -1 : 1)),
    signed: (await db.signatures.where('workspaceId').equals(id).toArray())
      .flatMap((row) => row.chunkIds.map((chunkId) => pathOf(chunkId)))
      .sort(),
    chats: (await db.chats.where('workspaceId').equals(id).toArray()).map((row) => row.title),
    messages: (await db.messages.where('workspaceId').equals(id).toArray()).map(({ text, feedback, passages }) => ({
      text,
      feedback,
      passage: pathOf(passages![0]!.chunkId),
    })),
  };
}

/** Writes the archive anew with some entries changed; null leaves one out. */
async function altered(archive: Blob, change: Record<string, ((text: string) => string) | null>): Promise<Blob> {
  const writer = new ZipWriter(new BlobWriter());
  for (const entry of (await new ZipReader(new BlobReader(archive)).getEntries()) as FileEntry[]) {
    const edit = change[entry.filename];
    if (edit === null) continue;
    const blob = await entry.getData(new BlobWriter());
    await writer.add(entry.filename, new BlobReader(edit ? new Blob([edit(await blob.text())]) : blob));
  }
  return writer.close();
}

describe('an exported workspace', () => {
  it('comes back as a new workspace with everything in it', async () => {
    const archive = await exportWorkspace(db, workspaceId, { vectors: true }, signal);
    const { workspaceId: id, name } = await importWorkspace(db, archive, signal);
    expect(name).toBe('Case files (2)');
    expect((await db.workspaces.get(id))!.settings).toEqual({ 'ingest.maxTokens': 100 });
    const [before, after] = [await content(workspaceId), await content(id)];
    expect(before.chunks.some((row) => row.path && row.nearDuplicateOf)).toBe(true);
    expect(after).toEqual(before);
    expect(new Set([...(await chunksOf(id)), ...(await chunksOf(workspaceId))].map((row) => row.id)).size).toBe(
      2 * before.chunks.length,
    );
    expect(await db.vectorIndexes.get(`${id}/minilm`)).toMatchObject({ dimensions: 4, count: 1 });
    let directory = await navigator.storage.getDirectory();
    for (const part of ['retrieval', id, '0123456789abcdef']) directory = await directory.getDirectoryHandle(part);
    const copy = await (await directory.getFileHandle('codes.bin')).getFile();
    expect([...new Uint8Array(await copy.arrayBuffer())]).toEqual([1, 2, 3]);
  });

  it('holds the original files under their own paths, and neither keys nor, unless asked for, vectors', async () => {
    const archive = await exportWorkspace(db, workspaceId, { vectors: false }, signal);
    const entries = (await new ZipReader(new BlobReader(archive)).getEntries()) as FileEntry[];
    expect(entries.map((entry) => entry.filename).sort()).toEqual([
      'chats.jsonl',
      'chunks.jsonl',
      'documents.jsonl',
      'manifest.json',
      'messages.jsonl',
      'originals/a/one.md',
      'originals/bad.json',
      'originals/größe 1.csv',
      'originals/two.txt',
      'texts.jsonl',
    ]);
    for (const entry of entries) {
      const text = await (await entry.getData(new BlobWriter())).text();
      expect(text).not.toContain('sk-very-secret');
      expect(text).not.toContain(workspaceId);
    }
  });
});

describe('an import', () => {
  const refusals: [string, string, (archive: Blob) => Promise<Blob>][] = [
    ['a zip of something else', 'workspace/not-an-export', (a) => altered(a, { 'manifest.json': null })],
    ['a file that is no zip', 'document/corrupt', async () => new Blob(['hello'])],
    ['a cut archive', 'document/corrupt', async (a) => a.slice(0, a.size - 200)],
    [
      'a newer version',
      'workspace/too-new',
      (a) => altered(a, { 'manifest.json': (t) => t.replace('"version": 1', '"version": 2') }),
    ],
    [
      'a broken description',
      'workspace/damaged',
      (a) => altered(a, { 'manifest.json': (t) => t.replace('"name": "Case files"', '"name": 7') }),
    ],
    ['a missing part', 'workspace/damaged', (a) => altered(a, { 'chunks.jsonl': null })],
    ['a missing file', 'workspace/damaged', (a) => altered(a, { 'originals/two.txt': null })],
    ['a missing row', 'workspace/damaged', (a) => altered(a, { 'chunks.jsonl': (t) => t.slice(t.indexOf('\n') + 1) })],
    ['a cut row', 'workspace/damaged', (a) => altered(a, { 'texts.jsonl': (t) => t.slice(0, -30) })],
    [
      'a path that leads elsewhere',
      'workspace/damaged',
      (a) => altered(a, { 'documents.jsonl': (t) => t.replace('"a/one.md"', '"../one.md"') }),
    ],
    [
      'offsets that do not fit',
      'workspace/damaged',
      (a) => altered(a, { 'chunks.jsonl': (t) => t.replace(/"end":\d+/, '"end":99999') }),
    ],
    [
      'a chunk of no document',
      'workspace/damaged',
      (a) => altered(a, { 'chunks.jsonl': (t) => t.replace(/"documentId":"../, '"documentId":"00') }),
    ],
  ];

  it.each(refusals)('refuses %s and leaves nothing behind', async (_, code, spoil) => {
    const archive = await spoil(await exportWorkspace(db, workspaceId, { vectors: true }, signal));
    const before = await Promise.all(workspaceTables(db).map((table) => table.count()));
    await expect(importWorkspace(db, archive, signal)).rejects.toMatchObject({ code });
    expect(await Promise.all(workspaceTables(db).map((table) => table.count()))).toEqual(before);
    expect(await db.workspaces.count()).toBe(1);
  });

  it('can be cancelled, and leaves nothing behind', async () => {
    const archive = await exportWorkspace(db, workspaceId, { vectors: true }, signal);
    const controller = new AbortController();
    await expect(importWorkspace(db, archive, controller.signal, () => controller.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await db.documents.count()).toBe(4);
  });

  it('clears away what a killed one has left', async () => {
    const archive = await exportWorkspace(db, workspaceId, { vectors: false }, signal);
    const row = (await db.documents.toArray())[0]!;
    await db.documents.add({ ...row, id: 'f'.repeat(32), workspaceId: 'killed-import' });
    await importWorkspace(db, archive, signal);
    expect(await db.documents.where('workspaceId').equals('killed-import').count()).toBe(0);
  });
});
