import { configuration, type NamedModel } from '../../../src/evaluation/matrix/index.ts';
import { database } from '../../../src/storage/database.ts';
import type {
  AdapterRow,
  EvaluationRow,
  EvaluationScoreRow,
  PipelineConfiguration,
  VoteRow,
} from '../../../src/storage/schema.ts';
import { addDataset, addRun, HASH } from './training-rows.ts';

/** Rows as the evaluation worker leaves them, for screens that only read them. */

const embedder: NamedModel = { modelId: 'all-MiniLM-L6-v2', name: 'MiniLM' };
const generator: NamedModel = { modelId: 'SmolLM2-135M-Instruct-Q4_1', engine: 'local', name: 'SmolLM2' };
const tuned = (model: NamedModel, adapterId: string): NamedModel => ({
  ...model,
  adapterId,
  name: `${model.name} tuned`,
});

/** Base and tuned search, without and with a ranking model, base and tuned answers. */
export const configurations: PipelineConfiguration[] = [embedder, tuned(embedder, 'search-1')].flatMap((search) =>
  [null, tuned(embedder, 'rank-1')].flatMap((ranking) =>
    [generator, tuned(generator, 'answers-1')].map((answers) =>
      configuration({ embedder: search, reranker: ranking, generator: answers }),
    ),
  ),
);

export const BASE = configurations[0]!.id;
export const ALL_TUNED = configurations[7]!.id;

/** A comparison on all questions of a data set. */
export async function addComparison(
  workspaceId: string,
  id = 'e1',
  changes: Partial<EvaluationRow> = {},
): Promise<EvaluationRow> {
  await addDataset(workspaceId);
  await addAdapters(workspaceId);
  const exampleIds = Array.from({ length: 40 }, (_, n) => `ds1-${n}`);
  const row: EvaluationRow = {
    ...{ id, workspaceId, name: 'Handbook questions', datasetId: 'ds1', datasetHash: HASH, split: 'test', exampleIds },
    ...{ seed: 1, settings: {}, configurations, state: 'done', seconds: 431, device: 'wasm, 2 threads' },
    ...{ judge: { modelId: generator.modelId, engine: 'local' }, createdAt: Date.now(), updatedAt: Date.now() },
    ...changes,
  };
  await database().evaluations.add(row);
  const scores = row.configurations.flatMap((one, place) =>
    exampleIds.map((exampleId, n) => scoreRow(workspaceId, id, one, place, exampleId, n)),
  );
  await database().evaluationScores.bulkAdd(scores);
  return row;
}

/** Each tuned part answers more questions; question 0 gains with the tuned search, question 39 is lost with it. */
function scoreRow(
  workspaceId: string,
  evaluationId: string,
  { id: configurationId, embedder: search, reranker, generator: answers }: PipelineConfiguration,
  place: number,
  exampleId: string,
  n: number,
): EvaluationScoreRow {
  const reach = (search?.adapterId ? 26 : 14) + (reranker ? 4 : 0);
  const found = n === 39 ? !search?.adapterId : n < reach;
  const rank = found ? 1 + (n % 3) : n % 4 === 0 ? 8 : undefined;
  const right = found && (answers?.adapterId ? n % 5 !== 4 : n % 3 === 0);
  const failure = right ? undefined : rank === undefined ? 'notRetrieved' : rank > 5 ? 'rankedLow' : 'wrongFromRight';
  const passages = Array.from({ length: 8 }, (_, at) => ({
    chunkId: `c${at}`,
    documentKey: `leave/${at}.md`,
    text:
      at + 1 === rank
        ? `In country ${n} everybody gets ${n} days. They may be taken from the first day on.`
        : `Country ${at} has its own rules for leave, which its people team keeps up to date.`,
    relevant: at + 1 === rank,
  }));
  return {
    ...{ workspaceId, evaluationId, configurationId, exampleId, passages },
    ...(rank !== undefined && { rank }),
    answer: right ? `${n} days.` : `Everybody gets ${n + 3} days of leave [1].`,
    scores: {
      'recall@1': rank === 1 ? 1 : 0,
      'recall@5': found ? 1 : 0,
      'recall@10': rank ? 1 : 0,
      mrr: rank ? 1 / rank : 0,
      tokenF1: right ? 1 : 0.2,
      correctness: right ? 1 : 0,
      seconds: 0.4 + place / 10,
    },
    ...(failure && { failure }),
    judgement: {
      scores: { correctness: right ? 1 : 0 },
      reason: right ? 'The same number of days.' : 'The number of days is another one.',
    },
    cost: {
      searchSeconds: 0.05,
      answerSeconds: 2 + place / 4,
      promptTokens: 420,
      outputTokens: 14,
      firstTokenSeconds: 1,
    },
  };
}

async function addAdapters(workspaceId: string): Promise<void> {
  const common = { workspaceId, description: '', rank: 8, alpha: 16, targets: [], bytes: 1_200_000, sha256: 'x' };
  const row = (id: string, name: string, task: AdapterRow['task'], modelId: string): AdapterRow => ({
    ...{ ...common, id, name, task, modelId, modelName: modelId },
    ...{ baseLicence: 'Apache-2.0', scores: [], source: 'trained here', createdAt: 1 },
  });
  await database().adapters.bulkPut([
    row('search-1', 'Handbook search', 'embedder', embedder.modelId),
    row('rank-1', 'Handbook ranking', 'reranker', embedder.modelId),
    row('answers-1', 'Handbook answers', 'generator', generator.modelId),
  ]);
}

/** Votes between the model as it is and with its adapter: of eight the tuned one wins five. */
export async function addVotes(workspaceId: string): Promise<void> {
  const rows = Array.from({ length: 8 }, (_, n): VoteRow => ({
    ...{ id: `v${n}`, workspaceId, question: `How many days does country ${n} give?`, blind: true, by: 'user' },
    answers: [
      { configurationId: 'base', name: 'SmolLM2-135M-Instruct', answer: 'Many days.' },
      { configurationId: 'tuned', name: 'SmolLM2-135M-Instruct with Answers', answer: `${n} days [1].` },
    ],
    winner: n < 5 ? 1 : n < 7 ? 0 : 'tie',
    createdAt: n,
  }));
  await database().votes.bulkAdd(rows);
}

/** Runs that differ in their rank and learning rate. */
export async function addExperiments(workspaceId: string): Promise<void> {
  for (const [n, rank] of [2, 4, 8, 16, 32].entries()) {
    const score = 0.58 + 0.05 * n - 0.012 * n * n;
    await addRun(workspaceId, `r${n}`, {
      name: `Handbook, rank ${rank}`,
      settings: { rank, learningRate: 0.0005 * (n + 1), validateEvery: 10 },
      best: { step: 30, score },
      createdAt: Date.now() - n * 3_600_000,
    });
  }
}

/** A comparison of search models tuned on 8, 16 and 32 examples: its points lie on a learning curve. */
export async function addCurve(workspaceId: string): Promise<void> {
  const sizes = [8, 16, 32];
  const hashes = sizes.map((size) => (size === 32 ? HASH : `${size}`.padEnd(64, '0')));
  const [adapter] = await database().adapters.where('id').equals('search-1').toArray();
  for (const [i, size] of sizes.entries()) {
    await addRun(workspaceId, `curve-${size}`, { datasetHash: hashes[i]!, name: `Handbook, ${size} examples` });
    await database().adapters.add({ ...adapter!, id: `search-${size}`, name: `On ${size}`, runId: `curve-${size}` });
    await database().datasetVersions.add({
      ...{ id: `ds1/${i}`, datasetId: 'ds1', workspaceId, version: i, hash: hashes[i]!, note: '', examples: [] },
      ...{ counts: { train: size, validation: 4, test: 4 }, createdAt: i },
    });
  }
  const parts = { reranker: null, generator: null };
  const configurations = [embedder, ...sizes.map((size) => tuned(embedder, `search-${size}`))].map((one) =>
    configuration({ ...parts, embedder: one }),
  );
  const exampleIds = Array.from({ length: 40 }, (_, n) => `ds1-${n}`);
  const [row] = await database().evaluations.where('id').equals('e1').toArray();
  await database().evaluations.add({ ...row!, id: 'e2', name: 'Sizes', configurations, createdAt: 1 });
  await database().evaluationScores.bulkAdd(
    configurations.flatMap(({ id: configurationId }, place) =>
      exampleIds.map((exampleId, n): EvaluationScoreRow => ({
        ...{ evaluationId: 'e2', configurationId, exampleId, workspaceId, passages: [] },
        scores: { 'recall@5': n < [14, 20, 24, 27][place]! ? 1 : 0 },
        ...(n < [14, 20, 24, 27][place]! ? {} : { failure: 'notRetrieved' }),
      })),
    ),
  );
}
