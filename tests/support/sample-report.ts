import { seededRandom } from '../../src/engine/training/random.ts';
import type { ReportInput } from '../../src/evaluation/report/contract.ts';
import { matrixTable } from '../../src/evaluation/table/matrix-table.ts';
import type { AdapterRow, EvaluationScoreRow, ExampleRow, TuningTask } from '../../src/storage/schema.ts';
import { configurationOf } from './evaluation-rows.ts';

const WORDS = 'mill lake harbour winter council grain bridge letter tower market garden ferry'.split(' ');
const HASH = 'a'.repeat(64);

/**
 * A report's input with eight configurations on `questions` made-up questions, the same for the same seed. Tuning helps
 * search a lot, ranking some, answers a little.
 */
export function sampleReport(questions = 40, seed = 3): ReportInput {
  const configurations = (
    [
      'base/none/base',
      'base/none/tuned',
      'tuned/none/base',
      'tuned/none/tuned',
      'tuned/tuned/base',
      'tuned/tuned/tuned',
    ] as const
  ).map(configurationOf);
  const examples = Array.from({ length: questions }, (_, i) => example(i));
  const scores = configurations.flatMap(({ id }) => examples.map((one, i) => scored(id, one, i, seed)));
  return {
    evaluation: {
      ...{ id: 'e', workspaceId: 'w', name: 'Town chronicle, all combinations', datasetId: 'd', datasetHash: HASH },
      ...{ split: 'test', exampleIds: examples.map(({ id }) => id), seed, settings: { depth: 100, goodRank: 5 } },
      ...{ configurations, state: 'done', seconds: 412, device: 'wasm, 2 threads', passageCount: 2539 },
      ...{ createdAt: 0, updatedAt: 0 },
    },
    table: matrixTable(configurations, scores),
    scores,
    examples,
    dataset: {
      ...{
        id: 'd',
        workspaceId: 'w',
        name: 'Town chronicle',
        source: 'Written from 21 documents by the question writer',
      },
      ...{ hash: HASH, counts: { train: 465, validation: 60, test: questions }, version: 3, seed: 7 },
      ...{ createdAt: 0, updatedAt: 0 },
    },
    adapters: [
      adapter('search', 'embedder', 'Search tuned on the chronicle'),
      adapter('answers', 'generator', 'Answers'),
    ],
    runs: [],
    learningCurve: {
      metric: 'recall@5',
      points: [0, 100, 200, 400].map((n, step) => ({
        examples: n,
        scores: examples.map((_, i) => Number((i * 0.618) % 1 < 0.5 + 0.12 * Math.log2(step + 1))),
      })),
    },
    prices: { currency: 'USD', prices: [{ model: 'example price', inputPerMillion: 1, outputPerMillion: 4 }] },
    versions: { Attune: '0.1.0', 'Search model': 'all-MiniLM-L6-v2', 'Answer model': 'SmolLM2-135M-Instruct' },
    createdAt: Date.UTC(2026, 10, 30, 1, 10),
  };
}

function example(i: number): ExampleRow {
  const [what, where] = [WORDS[i % 12]!, WORDS[(i * 5 + 3) % 12]!];
  return {
    ...{ id: `q${i}`, datasetId: 'd', workspaceId: 'w', ordinal: i, split: 'test', language: 'en' },
    ...{
      question: `When was the ${what} by the ${where} built?`,
      answer: `in ${1700 + i}`,
      kind: 'fact',
      headings: [],
    },
    ...{
      passage: `The ${what} by the ${where} was built in ${1700 + i}.`,
      documentKey: `chronicle-${i % 7}.md`,
      negatives: [],
    },
    provenance: { origin: 'writer' },
  };
}

function scored(
  id: string,
  { id: exampleId, answer, passage }: ExampleRow,
  i: number,
  seed: number,
): EvaluationScoreRow {
  const [search, ranking, answers] = id.split('/');
  const random = seededRandom(seed, i);
  const [difficulty, skill, noise] = [random(), random(), random()];
  const reach = 0.45 + (search === 'tuned' ? 0.25 : 0) + (ranking === 'tuned' ? 0.1 : 0);
  const rank =
    difficulty < reach ? 1 + Math.floor((difficulty / reach) * 5) : difficulty < reach + 0.15 ? 12 : undefined;
  const found = rank !== undefined && rank <= 5;
  const right = found && skill < (answers === 'tuned' ? 0.75 : 0.6);
  return {
    ...{ evaluationId: 'e', configurationId: id, exampleId, workspaceId: 'w' },
    passages: [
      {
        chunkId: `c${i}`,
        documentKey: 'chronicle.md',
        text: found ? passage : 'The council met in winter.',
        relevant: found,
      },
    ],
    ...(rank !== undefined && { rank }),
    answer: right
      ? `It was built ${answer} [1].`
      : skill < 0.9
        ? 'The council met in winter [1].'
        : 'Not in your documents.',
    scores: {
      ...{
        'hit@5': Number(found),
        'recall@5': Number(found),
        'recall@1': Number(rank === 1),
        mrr: rank ? 1 / rank : 0,
      },
      ...{ 'ndcg@10': found ? 1 / Math.log2(rank + 1) : 0, exactMatch: 0, tokenF1: right ? 0.5 : noise * 0.2 },
      ...{ rougeL: right ? 0.55 : noise * 0.2, citationPrecision: Number(right), citationRecall: Number(found) },
      ...{ faithfulness: right ? 1 : noise, correctness: right ? 1 : 0, falseRefusal: Number(!right && skill >= 0.9) },
      ...{ seconds: 2.1 + noise, tokensPerSecond: 14 + noise, promptTokens: 600, outputTokens: 24, memory: 310 },
    },
    ...(!right && {
      failure: rank === undefined ? 'notRetrieved' : !found ? 'rankedLow' : skill < 0.9 ? 'wrongFromRight' : 'refused',
    }),
    judgement: {
      scores: {},
      reason: right ? 'correctness: The year is that of the reference.' : 'correctness: It gives no year.',
    },
  };
}

function adapter(model: string, task: TuningTask, name: string): AdapterRow {
  return {
    ...{
      id: `tuned-${model}`,
      workspaceId: 'w',
      name,
      description: 'Finds passages of the chronicle',
      task,
      modelId: model,
    },
    ...{
      modelName: 'sentence-transformers/all-MiniLM-L6-v2',
      rank: 8,
      alpha: 16,
      targets: ['query', 'value'],
      bytes: 1e6,
    },
    ...{ sha256: 'b'.repeat(64), baseLicence: 'Apache-2.0', scores: [{ name: 'MRR@10', base: 0.52, tuned: 0.71 }] },
    ...{ source: 'trained here', datasetHash: HASH, createdAt: 0 },
  };
}
