import 'fake-indexeddb/auto';
import { expect, it, onTestFinished } from 'vitest';
import { FolderFiles } from '../../../src/retrieval/files/node.ts';
import { PassageSearch } from '../../../src/retrieval/passage-search.ts';
import { passageText } from '../../../src/retrieval/passage-text.ts';
import { Retrieval } from '../../../src/retrieval/service.ts';
import { retrievalSettings } from '../../../src/retrieval/settings.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { writeDocument } from '../../support/library.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const WORDS = 'fox owl whale oak beech hammer saw lamp river stone cloud bread'.split(' ');

/** Passages that share words, each with one of its own: no two are equally similar to anything. */
function passageAt(document: number, place: number): string {
  const word = (i: number) => WORDS[(document * 5 + place * 3 + i * i) % WORDS.length]!;
  const own = `n${10 * document + place}`;
  return place === 3
    ? `The ${WORDS[document]} repeats ${own}.`
    : `The ${word(0)} and ${word(1)} meet a ${word(2)} ${own}.`;
}

it('finds what search finds: the same passages with the same scores, neighbours joined alike', async () => {
  const db = new AttuneDatabase('passage-search-test');
  onTestFinished(() => db.delete());
  for (let document = 0; document < 6; document++) {
    const passages = Array.from({ length: 5 }, (_, place) => passageAt(document, place));
    await writeDocument(db, 'w', { path: `${document}.md`, passages });
  }
  const embedder = new WordEmbedder();
  const service = new Retrieval({
    database: db,
    files: new FolderFiles(temporaryFolder()),
    embedders: { current: async () => embedder },
  });
  await service.sync('w');

  const documents = await db.documents.toArray();
  // By document, then as they stand in it: passages with equal scores keep the order in which they are indexed.
  const chunks = (await db.chunks.toArray()).sort(
    (a, b) => a.documentId.localeCompare(b.documentId) || a.ordinal - b.ordinal,
  );
  const search = new PassageSearch(
    chunks.map((chunk) => {
      const { name, path, language } = documents.find(({ id }) => id === chunk.documentId)!;
      return { chunk, documentName: name, path, language };
    }),
  );
  const rows = await embedder.embed(chunks.map(passageText), 'passage');
  const vectors = chunks.map((_, i) => rows.subarray(i * embedder.dimensions, (i + 1) * embedder.dimensions));
  for (const fusion of ['scores', 'ranks'] as const) {
    await db.workspaces.put({
      id: 'w',
      name: '',
      createdAt: 0,
      updatedAt: 0,
      settings: { 'retrieval.fusion': fusion },
    });
    const settings = { ...retrievalSettings(), fusion };
    for (const query of ['fox and owl', 'who meets the whale', 'hammer saw stone', 'repeats']) {
      const { hits } = await service.search({
        workspaceId: 'w',
        query,
        limit: 4,
        mode: 'hybrid',
        mergeNeighbours: true,
      });
      const vector = await embedder.embed([query], 'query');
      const ranked = search.rank(query, vector, vectors, settings, 30);
      const own = search.hits(ranked, 4, settings.mergeLimit);
      const seen = (from: typeof own) =>
        from.map(({ chunkIds, start, end, text, score, path }) => ({
          chunkIds,
          start,
          end,
          text,
          path,
          score: score.toFixed(5),
        }));
      expect(seen(own)).toEqual(seen(hits));
      expect(own.map(({ dense }) => dense!.score.toFixed(5))).toEqual(
        hits.map(({ chunkId }) => ranked.find(({ passage }) => chunks[passage]!.id === chunkId)!.similarity.toFixed(5)),
      );
    }
  }
});
