import { chunkHash } from '../../../src/ingest/hashing.ts';
import { allCombinations } from '../../../src/evaluation/matrix/configurations.ts';
import type { ModelSource } from '../../../src/evaluation/matrix/models.ts';
import { Evaluation } from '../../../src/evaluation/service.ts';
import type { ChatEngine } from '../../../src/generation/contract.ts';
import type { Embedder, ModelAdapter } from '../../../src/retrieval/contract.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import type { ChunkRow, ExampleRow } from '../../../src/storage/schema.ts';
import type { MatrixTask, MatrixTimes } from './matrix-task.ts';

const WORKSPACE = 'w';
const PASSAGES_PER_DOCUMENT = 50;
const WORDS_PER_PASSAGE = 120;
const VOCABULARY = 3000;
const DIMENSIONS = 384;

/** Runs a matrix and runs it again; see evaluate.ts. */
export async function measure(task: MatrixTask): Promise<MatrixTimes> {
  const db = new AttuneDatabase('bench-evaluate');
  await db.delete();
  await db.open();
  await fill(db, task);
  let loads = 0;
  const models = quickModels(() => loads++);
  const configurations = allCombinations({
    embedders: [
      { modelId: 'words', name: 'Base' },
      { modelId: 'words', adapterId: 'tuned', name: 'Tuned' },
    ],
    rerankers: [null, { modelId: 'words', adapterId: 'ranker', name: 'Ranker' }],
    generators: [
      { modelId: 'writer', name: 'Writer' },
      { modelId: 'writer', adapterId: 'fluent', name: 'Tuned writer' },
    ],
  });
  const service = new Evaluation({ database: db, models });
  const evaluate = async () => {
    const started = performance.now();
    const id = await service.create({
      workspaceId: WORKSPACE,
      datasetId: 'd',
      configurations,
      settings: { answering: 'always' },
    });
    await service.proceed(id);
    return { id, seconds: (performance.now() - started) / 1000 };
  };
  const first = await evaluate();
  loads = 0;
  const second = await evaluate();
  const rows = await db.evaluationScores.where('evaluationId').equals(second.id).count();
  await db.delete();
  return { first: first.seconds, cached: second.seconds, rows, loads };
}

async function fill(db: AttuneDatabase, { passages, questions }: MatrixTask): Promise<void> {
  const random = numbers(7);
  const words = (count: number) => Array.from({ length: count }, () => `word${Math.floor(VOCABULARY * random() ** 2)}`);
  const chunks = Array.from({ length: passages }, (_, i): ChunkRow => {
    const text = `${words(WORDS_PER_PASSAGE).join(' ')}.`;
    const document = Math.floor(i / PASSAGES_PER_DOCUMENT);
    return {
      id: `c${i}`,
      workspaceId: WORKSPACE,
      documentId: `d${document}`,
      ordinal: i % PASSAGES_PER_DOCUMENT,
      start: 0,
      end: text.length,
      text,
      headings: [`Chapter ${document}`],
      tokens: WORDS_PER_PASSAGE,
      hash: chunkHash({ text, headings: [`Chapter ${document}`] }),
    };
  });
  await db.chunks.bulkAdd(chunks);
  await db.documents.bulkAdd(
    [...new Set(chunks.map(({ documentId }) => documentId))].map((id) => ({
      id,
      workspaceId: WORKSPACE,
      path: `${id}.md`,
      name: `${id}.md`,
      folder: '',
      format: 'markdown' as const,
      bytes: 0,
      contentHash: '',
      status: 'ready' as const,
      language: 'en',
      chunkCount: PASSAGES_PER_DOCUMENT,
      addedAt: 0,
      updatedAt: 0,
    })),
  );
  const counts = { train: 0, validation: 0, test: questions };
  const dataset = { id: 'd', workspaceId: WORKSPACE, name: 'Questions', source: '', hash: 'h', counts };
  await db.datasets.add({ ...dataset, createdAt: 0, updatedAt: 0 });
  await db.examples.bulkAdd(
    Array.from({ length: questions }, (_, ordinal): ExampleRow => {
      const chunk = chunks[Math.floor((ordinal * passages) / questions)]!;
      const own = chunk.text.split(' ');
      return {
        id: `e${ordinal}`,
        datasetId: 'd',
        workspaceId: WORKSPACE,
        ordinal,
        split: 'test',
        question: `What of ${own.slice(10, 18).join(' ')}?`,
        answer: own.slice(20, 26).join(' '),
        passage: chunk.text,
        headings: chunk.headings,
        documentKey: `${chunk.documentId}.md`,
        chunkId: chunk.id,
        negatives: [],
      };
    }),
  );
}

/** Models of which only the size of what they give is real. */
function quickModels(onLoad: () => void): ModelSource {
  const describe: ModelSource['describe'] = async ({ modelId, adapterId }) => ({
    identity: `${modelId} ${adapterId}`,
    name: modelId,
  });
  return {
    describe,
    loadEmbedder: async () => (onLoad(), embedder('words')),
    readAdapter: async (id) => ({ id, name: id, sha256: id }) as ModelAdapter,
    loadReranker: async (id) => {
      onLoad();
      return {
        id,
        score: async (query, passages) => Float32Array.from(passages, ({ length }) => (length * query.length) % 97),
      };
    },
    loadGenerator: async () => (onLoad(), writer),
  };
}

function embedder(id: string): Embedder {
  const seed = id.length;
  return {
    id,
    dimensions: DIMENSIONS,
    maxTokens: 256,
    device: 'none',
    embed: async (texts) => {
      const rows = new Float32Array(texts.length * DIMENSIONS);
      texts.forEach((text, i) => {
        const row = rows.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
        for (const [digits] of text.matchAll(/\d+/g)) row[(Number(digits) * seed) % DIMENSIONS]! += 1;
        const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
        row.forEach((value, d) => (row[d] = value / length));
      });
      return rows;
    },
    tuned: ({ id: adapter }) => embedder(`${id} ${adapter}`),
    dispose: async () => undefined,
  };
}

const writer: ChatEngine = {
  info: {
    engine: 'local',
    modelId: 'writer',
    modelName: 'Writer',
    device: 'none',
    contextTokens: 8192,
    parameters: 2e9,
    memoryBytes: 0,
    leavesMachine: false,
    adapters: [],
  },
  countTokens: async (turns) => turns.reduce((sum, { content }) => sum + Math.ceil(content.length / 6), 0),
  async *stream(turns, { adapter }) {
    const lines = turns.at(-1)!.content.split('\n');
    const from = adapter ? 4 : 0;
    yield {
      text: `${lines[1]!
        .split(' ')
        .slice(from, from + 20)
        .join(' ')} [1].`,
      done: false,
    };
    const stats = { promptTokens: 700, outputTokens: 20, secondsToFirstToken: 0, tokensPerSecond: 1 };
    yield { text: '', done: true, stats };
  },
  dispose: async () => undefined,
};

/** Uniform numbers that repeat: a linear congruential generator (Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
