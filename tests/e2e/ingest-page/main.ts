import { ingest } from '../../../src/ingest/client.ts';
import { database } from '../../../src/storage/database.ts';
import { sampleDocuments } from './documents.ts';

const workspaceId = 'crash-test';

/** What the test calls from outside; the worker, the client and the database are those of the app. */
const page = {
  /** Adds all files (those that are there already are left alone) and reads what waits. */
  async ingest(): Promise<void> {
    await database().workspaces.put({ id: workspaceId, name: 'Crash', createdAt: 0, updatedAt: 0, settings: {} });
    const sources = sampleDocuments().map(({ path, text }) => ({ path, blob: new Blob([text]) }));
    const { refused } = await ingest.add(workspaceId, sources);
    if (refused.length > 0) throw new Error(JSON.stringify(refused));
    await ingest.run(workspaceId);
  },

  /** True when everything is read. */
  async isDone(): Promise<boolean> {
    const rows = await database().documents.toArray();
    return rows.length === sampleDocuments().length && rows.every((row) => row.status === 'ready');
  },

  /** Everything is to be read again, so that there is work to be killed in. */
  async requeue(): Promise<void> {
    await ingest.requeue(workspaceId, await database().documents.toCollection().primaryKeys());
  },

  /** All that ingest writes, without times. */
  async snapshot() {
    const db = database();
    const [documents, chunks, texts, originals, signatures] = await Promise.all([
      db.documents.toArray(),
      db.chunks.toArray(),
      db.documentTexts.toArray(),
      db.originals.count(),
      db.signatures.toArray(),
    ]);
    return {
      documents: documents.map(({ addedAt: _, updatedAt: __, ...row }) => row),
      chunks,
      texts,
      originals,
      signatures: signatures.map((row) => ({ ...row, signatures: [...row.signatures] })),
    };
  },
};

declare global {
  interface Window {
    ingestPage: typeof page;
  }
}
window.ingestPage = page;
