import 'fake-indexeddb/auto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dataCard } from '../../../../src/datasets/export/data-card.ts';
import type { PassageWriter, SourcePassage } from '../../../../src/datasets/generation/passage-writer.ts';
import { Questions } from '../../../../src/datasets/generation/service.ts';
import { Datasets } from '../../../../src/datasets/service.ts';
import { DatasetStore } from '../../../../src/datasets/store.ts';
import { AttuneDatabase } from '../../../../src/storage/database.ts';
import { writeDocument } from '../../../support/library.ts';

const workspaceId = 'w';
let databases = 0;

const textOf = (document: number, i: number) =>
  `Machine ${document}-${i} is checked every ${i + 2} weeks by the team of hall ${document}, who write down what they ` +
  `see and send it to the office. Whoever finds a fault stops the machine at once and calls the number on its side.`;

/** Two questions for every passage; `interrupt` is called in the middle of each. */
class TestWriter implements PassageWriter {
  readonly generator = 'test';
  readonly promptVersion = 'v1';
  disposed = 0;
  readonly places: number[] = [];
  constructor(readonly interrupt: (place: number) => void | Promise<void> = () => undefined) {}

  async write({ place, chunk }: SourcePassage) {
    this.places.push(place);
    await this.interrupt(place);
    const question = (n: number) => ({
      question: `Question ${n} on ${chunk.id}?`,
      answer: 'the team',
      kind: 'fact' as const,
      evidence: { start: 0, end: 10 },
    });
    return {
      questions: [question(1), question(2)],
      drafts: 3,
      dropped: { unfinished: 1 },
      tokens: { prompt: 10, output: 5 },
    };
  }

  async dispose() {
    this.disposed++;
  }
}

async function library(documents = 4, passages = 3) {
  const name = `generation-test-${databases++}`;
  const db = new AttuneDatabase(name);
  onTestFinished(() => db.delete());
  for (let d = 0; d < documents; d++) {
    const texts = Array.from({ length: passages }, (_, i) => textOf(d, i));
    await writeDocument(db, workspaceId, { path: `hall-${d}.md`, passages: texts });
  }
  const service = (writer: PassageWriter) => new Questions({ database: db, openWriter: async () => writer });
  const rows = (datasetId: string) => db.examples.where('datasetId').equals(datasetId).sortBy('ordinal');
  const request = { workspaceId, method: 'writer' as const, settings: {}, seed: 3 };
  return { db, service, rows, request };
}

describe('a run that writes questions', () => {
  test('fills a data set: provenance, parts by document, counts', async () => {
    const { db, service, rows, request } = await library();
    const writer = new TestWriter();
    const run = await service(writer).create({ ...request, name: 'Machines' });
    await service(writer).proceed(run.id);
    const written = await rows(run.datasetId);
    expect(written).toHaveLength(24);
    expect(written.map(({ ordinal }) => ordinal)).toEqual([...written.keys()]);
    expect(written[0]).toMatchObject({
      provenance: { origin: 'writer', generator: 'test', promptVersion: 'v1', seed: 3 },
      kind: 'fact',
      evidence: { start: 0, end: 10 },
      negatives: [],
    });
    const chunk = (await db.chunks.get(written[0]!.chunkId!))!;
    expect(written[0]).toMatchObject({ passage: chunk.text, headings: chunk.headings });
    for (const document of new Set(written.map(({ documentKey }) => documentKey))) {
      const parts = new Set(written.filter((row) => row.documentKey === document).map(({ split }) => split));
      expect(parts.size).toBe(1);
    }
    expect(await db.generations.get(run.id)).toMatchObject({
      state: 'done',
      next: 12,
      drafts: 36,
      kept: 24,
      dropped: { unfinished: 12 },
      tokens: { prompt: 120, output: 60 },
      generator: 'test',
    });
    const dataset = (await db.datasets.get(run.datasetId))!;
    expect(dataset.name).toBe('Machines');
    expect(dataset.counts.train + dataset.counts.validation + dataset.counts.test).toBe(24);
    expect(dataset.counts.validation).toBeGreaterThan(0);
    expect(writer.disposed).toBe(1);
  });

  test('that is stopped in the middle of a passage goes on there: no row twice, none lost', async () => {
    const { db, service, rows, request } = await library();
    const first = new TestWriter(async (place) => {
      if (place === 5) await questions.stop(run.id, 'pause');
    });
    const questions = service(first);
    const run = await questions.create(request);
    await questions.proceed(run.id);
    expect(await db.generations.get(run.id)).toMatchObject({ state: 'paused', next: 5, kept: 10 });
    expect(await rows(run.datasetId)).toHaveLength(10);

    const second = new TestWriter();
    await service(second).proceed(run.id);
    expect(second.places).toEqual([5, 6, 7, 8, 9, 10, 11]);
    const all = (await rows(run.datasetId)).map(({ question }) => question);
    expect(all).toHaveLength(24);
    expect(new Set(all).size).toBe(24);
  });

  test('whose tab dies between two writes has both or neither of them', async () => {
    const { db, service, rows, request } = await library();
    // The connection goes away while the third passage is being written, as with a killed tab.
    const run = await service(new TestWriter()).create(request);
    const dying = new TestWriter((place) => {
      if (place === 2) db.close();
    });
    await service(dying)
      .proceed(run.id)
      .catch(() => undefined);
    await db.open();
    expect(await db.generations.get(run.id)).toMatchObject({ state: 'running', next: 2, kept: 4 });
    expect(await rows(run.datasetId)).toHaveLength(4);
    await service(new TestWriter()).proceed(run.id);
    expect(new Set((await rows(run.datasetId)).map(({ question }) => question)).size).toBe(24);
    expect(await rows(run.datasetId)).toHaveLength(24);
  });

  test('that two owners work on writes every passage once', async () => {
    const { db, service, rows, request } = await library();
    const run = await service(new TestWriter()).create(request);
    await Promise.all([service(new TestWriter()).proceed(run.id), service(new TestWriter()).proceed(run.id)]);
    await service(new TestWriter()).proceed(run.id);
    expect(await rows(run.datasetId)).toHaveLength(24);
    expect((await db.generations.get(run.id))!.kept).toBe(24);
  });

  test('appends to a data set, and a document keeps its part there', async () => {
    const { service, rows, request } = await library();
    const writer = new TestWriter();
    const first = await service(writer).create(request);
    await service(writer).proceed(first.id);
    const parts = new Map((await rows(first.datasetId)).map(({ documentKey, split }) => [documentKey, split]));
    const second = await service(writer).create({ ...request, datasetId: first.datasetId, seed: 99 });
    await service(writer).proceed(second.id);
    const all = await rows(first.datasetId);
    expect(all).toHaveLength(48);
    for (const { documentKey, split } of all) expect(split).toBe(parts.get(documentKey));
  });

  test('on one document deals its passages out, says so, and gives no row away by its document', async () => {
    const { db, service, rows, request } = await library(1, 10);
    const writer = new TestWriter();
    const run = await service(writer).create(request);
    await service(writer).proceed(run.id);
    const dataset = (await db.datasets.get(run.datasetId))!;
    expect(dataset.split).toMatchObject({ by: 'passage' });
    expect(Object.values(dataset.counts)).not.toContain(0);
    await new Datasets(db).check(run.datasetId, undefined, async (questions) => questions.map(() => []));
    const written = await rows(run.datasetId);
    const reasons = written.flatMap(({ quality }) => quality!.findings.map(({ reason }) => reason));
    expect(reasons.filter((reason) => reason.startsWith('Its document'))).toEqual([]);
    const card = dataCard(dataset, written, { format: 'native' });
    expect(card).toContain('no passage lies in two parts');
  });

  test('on one more document leaves a data set that is split by document as it is', async () => {
    const { db, service, rows, request } = await library();
    const writer = new TestWriter();
    const documents = await db.documents.toArray();
    const [last, ...others] = documents.map(({ id }) => id);
    const first = await service(writer).create({ ...request, documentIds: others });
    await service(writer).proceed(first.id);
    const second = await service(writer).create({ ...request, datasetId: first.datasetId, documentIds: [last!] });
    await service(writer).proceed(second.id);
    expect((await db.datasets.get(first.datasetId))!.split).toMatchObject({ by: 'document' });
    const added = (await rows(first.datasetId)).filter(({ documentKey }) => documentKey === documents[0]!.path);
    expect(new Set(added.map(({ split }) => split)).size).toBe(1);
  });

  test('leaves a passage in its part where a file had torn its document', async () => {
    const { db, service, rows, request } = await library();
    const chunks = await db.chunks.toArray();
    const document = (await db.documents.get(chunks[0]!.documentId))!;
    const passages = chunks.filter(({ documentId }) => documentId === document.id);
    const parts = ['test', 'validation', 'train'] as const;
    const store = new DatasetStore(db);
    const { id } = await store.create(
      { workspaceId, name: 'Torn', source: 'a file', split: { by: 'file' } },
      passages.map(({ text, headings }, i) => ({
        ...{ split: parts[i]!, question: `Which is ${i}?`, answer: '', passage: text, headings },
        ...{ documentKey: document.path, negatives: [] },
      })),
    );
    const writer = new TestWriter();
    const run = await service(writer).create({ ...request, datasetId: id });
    await service(writer).proceed(run.id);
    const all = await rows(id);
    for (const [i, { text }] of passages.entries()) {
      expect(new Set(all.filter(({ passage }) => passage === text).map(({ split }) => split))).toEqual(
        new Set([parts[i]]),
      );
    }
    expect((await db.datasets.get(id))!.split).toEqual({ by: 'file' });
  });

  test('skips a passage whose document was removed, and counts it', async () => {
    const { db, service, request } = await library();
    const writer = new TestWriter();
    const run = await service(writer).create(request);
    await db.chunks.delete(run.chunkIds[0]!);
    await service(writer).proceed(run.id);
    expect((await db.generations.get(run.id))!.dropped).toMatchObject({ 'the passage is gone': 1 });
    expect(writer.places).not.toContain(0);
  });

  test('fails with the reason when its data set is deleted, and says so in its row', async () => {
    const { db, service, request } = await library();
    const writer = new TestWriter();
    const run = await service(writer).create(request);
    await db.datasets.delete(run.datasetId);
    await expect(service(writer).proceed(run.id)).rejects.toMatchObject({ code: 'datasets/missing' });
    expect(await db.generations.get(run.id)).toMatchObject({
      state: 'failed',
      problem: { code: 'datasets/missing' },
    });
    expect(writer.disposed).toBe(1);
  });

  test('that is cancelled before its turn never loads a model', async () => {
    const { db, service, request } = await library();
    const writer = new TestWriter();
    const questions = service(writer);
    const run = await questions.create(request);
    await questions.stop(run.id, 'cancel');
    await questions.proceed(run.id);
    expect(writer.places).toEqual([]);
    expect(await db.generations.get(run.id)).toMatchObject({ state: 'cancelled', next: 0 });
  });

  test('is refused without passages, and with an engine without a model', async () => {
    const { service, request } = await library(1, 0);
    const questions = service(new TestWriter());
    await expect(questions.create(request)).rejects.toMatchObject({ code: 'generate/no-passages' });
    await expect(questions.create({ ...request, method: 'engine' })).rejects.toMatchObject({
      code: 'generate/no-model',
    });
  });

  test('reads as many passages as were asked for, of the documents that were asked for', async () => {
    const { db, service, request } = await library();
    const questions = service(new TestWriter());
    expect((await questions.create({ ...request, settings: { passages: 5 } })).chunkIds).toHaveLength(5);
    const document = (await db.documents.toArray())[0]!;
    const run = await questions.create({ ...request, documentIds: [document.id] });
    expect(run.chunkIds).toHaveLength(3);
  });

  test('is estimated from its passages, and in seconds once one has run', async () => {
    const { service, request } = await library();
    const questions = service(new TestWriter());
    const before = await questions.estimate(request);
    expect(before).toMatchObject({ passages: 12, worthReading: 12, leavesMachine: false });
    expect(before.seconds).toBeUndefined();
    const run = await questions.create(request);
    await questions.proceed(run.id);
    expect((await questions.estimate(request)).seconds).toBeGreaterThanOrEqual(0);
    const endpoint = { ...request, method: 'engine' as const, model: { modelId: 'e', engine: 'endpoint' as const } };
    expect(await questions.estimate(endpoint)).toMatchObject({ leavesMachine: true });
  });
});
