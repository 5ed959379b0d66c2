import { onTestFinished } from 'vitest';
import type { AdapterDescription } from '../../src/adapters/contract.ts';
import { configuration, type NamedModel } from '../../src/evaluation/matrix/configurations.ts';
import type { ModelSource } from '../../src/evaluation/matrix/models.ts';
import { Evaluation } from '../../src/evaluation/service.ts';
import type { ChatEngine, ChatTurn } from '../../src/generation/contract.ts';
import type { Embedder, ModelAdapter } from '../../src/retrieval/contract.ts';
import { AttuneDatabase } from '../../src/storage/database.ts';
import type { EvaluationScoreRow, ExampleRow } from '../../src/storage/schema.ts';
import { writeDocument, type TestDocument } from './library.ts';
import { WordEmbedder } from './word-embedder.ts';

export const WORKSPACE = 'w';
export const search: NamedModel = { modelId: 'words', name: 'Words' };
export const tunedSearch: NamedModel = { modelId: 'words', adapterId: 'tuned', name: 'Tuned words' };
export const ranker: NamedModel = { modelId: 'words', adapterId: 'ranker', name: 'Ranker' };
export const writer: NamedModel = { modelId: 'writer', name: 'Writer' };
export const tunedWriter: NamedModel = { modelId: 'writer', adapterId: 'fluent', name: 'Tuned writer' };

export const of = (
  embedder: NamedModel | null,
  reranker: NamedModel | null = null,
  generator: NamedModel | null = null,
) => configuration({ embedder, reranker, generator });

export const DOCUMENTS: TestDocument[] = [
  {
    path: 'leave.md',
    passages: [
      'Every employee has thirty days of paid vacation per year.',
      'Vacation that was not taken expires at the end of March.',
    ],
  },
  {
    path: 'kitchen.md',
    passages: [
      'The coffee machine is descaled every Friday by the facility team.',
      'The fridge is emptied on Mondays.',
    ],
  },
  { path: 'travel.md', passages: ['Trains are booked in second class.', 'Hotels may cost 120 euros per night.'] },
];

type Draft = Partial<ExampleRow> & Pick<ExampleRow, 'question' | 'answer' | 'passage'>;

export const QUESTIONS: Draft[] = [
  {
    question: 'How many days of vacation does an employee have per year?',
    answer: 'thirty days',
    passage: DOCUMENTS[0]!.passages[0] as string,
    documentKey: 'leave.md',
  },
  {
    question: 'When is the coffee machine descaled?',
    answer: 'every Friday',
    passage: DOCUMENTS[1]!.passages[0] as string,
    documentKey: 'kitchen.md',
  },
  {
    question: 'What may hotels cost per night?',
    answer: '120 euros',
    passage: DOCUMENTS[2]!.passages[1] as string,
    documentKey: 'travel.md',
  },
];

/** How often models were loaded and what they were asked. */
interface Calls {
  loaded: string[];
  searched: string[];
  /** Passages that a search model read. */
  read: string[];
  ranked: string[];
  answered: { question: string; adapter: string | null; turns: ChatTurn[] }[];
}

let databases = 0;

/** A workspace with documents and questions, and models that count; `start` gives a service as a new worker has it. */
export async function setUpLab({ documents = DOCUMENTS, questions = QUESTIONS } = {}) {
  const db = new AttuneDatabase(`evaluation-test-${databases++}`);
  onTestFinished(() => db.delete());
  for (const document of documents) await writeDocument(db, WORKSPACE, document, 1);
  await db.datasets.add({
    id: 'd',
    workspaceId: WORKSPACE,
    name: 'Questions',
    source: 'test',
    hash: 'hash',
    counts: { train: 0, validation: 0, test: questions.length },
    createdAt: 0,
    updatedAt: 0,
  });
  await db.examples.bulkAdd(questions.map(exampleRow));
  const start = (options: SourceOptions = {}) => {
    const calls: Calls = { loaded: [], searched: [], read: [], ranked: [], answered: [] };
    const service = new Evaluation({ database: db, models: countingModels(calls, options) });
    return { service, calls };
  };
  /** Scores without what was measured with a clock. */
  const scores = async (evaluationId: string) =>
    (await db.evaluationScores.where('evaluationId').equals(evaluationId).toArray()).map(timeless);
  return { db, start, scores };
}

export function exampleRow(draft: Draft, ordinal: number): ExampleRow {
  return {
    id: `e${ordinal}`,
    datasetId: 'd',
    workspaceId: WORKSPACE,
    ordinal,
    split: 'test',
    headings: [],
    documentKey: '',
    negatives: [],
    ...draft,
  };
}

const MEASURED = new Set(['seconds', 'tokensPerSecond']);

function timeless({ cost: _, scores, evaluationId: __, ...row }: EvaluationScoreRow) {
  return { ...row, scores: Object.fromEntries(Object.entries(scores).filter(([key]) => !MEASURED.has(key))) };
}

interface SourceOptions {
  /** Called before a question is searched or answered. */
  before?: (question: string) => void | Promise<void>;
  /** What the writer says; by default the first passage that it is shown. */
  says?: (turns: ChatTurn[], adapter: string | null) => string;
}

function countingModels(calls: Calls, options: SourceOptions): ModelSource {
  return {
    describe: async ({ modelId, adapterId }) => ({
      identity: `${modelId}+${adapterId ?? ''}`,
      name: adapterId ? `${modelId} with ${adapterId}` : modelId,
      ...(adapterId && { adapter: { id: adapterId, name: adapterId, modelId } as AdapterDescription }),
    }),
    loadEmbedder: async ({ modelId }) => {
      calls.loaded.push(modelId);
      return new CountingEmbedder(modelId, calls, options);
    },
    readAdapter: async (id) => ({ id, name: id, sha256: id }) as ModelAdapter,
    loadReranker: async (id) => {
      calls.loaded.push(id);
      return {
        id,
        // The passage with the most words in common with the question comes first.
        score: async (query, passages) => {
          calls.ranked.push(query);
          const words = new Set(query.toLowerCase().match(/\w+/g));
          return Float32Array.from(
            passages,
            (text) =>
              text
                .toLowerCase()
                .match(/\w+/g)!
                .filter((word) => words.has(word)).length,
          );
        },
      };
    },
    loadGenerator: async ({ modelId }) => {
      calls.loaded.push(modelId);
      return countingWriter(calls, options);
    },
  };
}

class CountingEmbedder extends WordEmbedder implements Embedder {
  readonly #calls: Calls;
  readonly #options: SourceOptions;

  constructor(id: string, calls: Calls, options: SourceOptions) {
    super(id);
    this.#calls = calls;
    this.#options = options;
  }

  override async embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array> {
    if (kind === 'query') {
      await this.#options.before?.(texts[0]!);
      this.#calls.searched.push(`${this.id}: ${texts[0]!}`);
    } else {
      this.#calls.read.push(...texts);
    }
    return super.embed(texts, kind);
  }

  tuned({ id }: ModelAdapter): Embedder {
    return new CountingEmbedder(`${this.id}+${id}`, this.#calls, this.#options);
  }
}

function countingWriter(calls: Calls, { before, says = firstPassage }: SourceOptions): ChatEngine {
  return {
    info: {
      engine: 'local',
      modelId: 'writer',
      modelName: 'Writer',
      device: 'test',
      contextTokens: 4096,
      parameters: 2e9,
      memoryBytes: 1e6,
      leavesMachine: false,
      adapters: [],
    },
    countTokens: async (turns) => turns.reduce((sum, { content }) => sum + Math.ceil(content.length / 4), 0),
    async *stream(turns, { adapter = null }) {
      const question = turns.at(-1)!.content.split('Question: ').at(-1)!;
      await before?.(question);
      calls.answered.push({ question, adapter, turns });
      yield { text: says(turns, adapter), done: false };
      const stats = { promptTokens: 100, outputTokens: 10, secondsToFirstToken: 0, tokensPerSecond: 1, adapters: [] };
      yield { text: '', done: true, stats };
    },
    dispose: async () => undefined,
  };
}

function firstPassage(turns: ChatTurn[]): string {
  const lines = turns.at(-1)!.content.split('\n');
  return `${lines[1] ?? ''} [1]`;
}
