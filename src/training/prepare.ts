import { loadAdapter } from '../adapters/load.ts';
import { chooseRuntime } from '../engine/resident/choose.ts';
import { openModel } from '../models/catalogue.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow, TuningTask } from '../storage/schema.ts';
import { EndpointSource } from '../retrieval/endpoint-source.ts';
import { INDEXING, type Patience } from '../generation/endpoint/embeddings.ts';
import { passageText } from '../retrieval/passage-text.ts';
import { rightPassages, type PoolPassage } from './examples.ts';
import { endpointOfRun, endpointVectors } from './endpoint-vectors.ts';
import { examplesOf, type Prepare, type PreparedRun, type Weigh } from './run.ts';
import type { PreparedTask, TaskInput, TunedAdapter } from './tasks/task.ts';

/** Loaded when they are wanted: a search model needs no chat templates, an answer model no word pieces. */
const TASKS: Record<TuningTask, () => Promise<(input: TaskInput) => Promise<PreparedTask>>> = {
  embedder: async () => (await import('./tasks/embedder.ts')).prepareEmbedder,
  reranker: async () => (await import('./tasks/reranker.ts')).prepareReranker,
  generator: async () => (await import('./tasks/generator.ts')).prepareGenerator,
  linear: async () => (await import('./tasks/linear.ts')).prepareLinear,
};

export function prepareOf(task: TuningTask): Promise<(input: TaskInput) => Promise<PreparedTask>> {
  return TASKS[task]();
}

/** Loads runs of the app: its models, its database, the device of this browser. */
export function prepareInApp(database: AttuneDatabase): Prepare {
  return async (run, context) => {
    if (await database.endpoints.get(run.modelId)) return prepareOverEndpoint(database, run, context);
    const { memo, signal, onProgress, probing } = context;
    const [examples, files, prepare] = await Promise.all([
      examplesOf(database, run),
      openModel(run.modelId),
      prepareOf(run.task),
    ]);
    const { runtime, label } = await chooseRuntime();
    signal.throwIfAborted();
    const task = await prepare({
      files,
      runtime,
      settings: run.settings,
      seed: run.seed,
      examples,
      workspacePassages: () => workspacePassages(database, run),
      ...(run.searchAdapterId !== undefined && { searchAdapter: () => tunedOf(run.searchAdapterId!) }),
      memo,
      probing,
      onProgress,
      signal,
    });
    return { task, device: label };
  };
}

/**
 * A run over the vectors of an endpoint: nothing is loaded, and steps are plain arithmetic.
 *
 * @throws AttuneError of `endpointOfRun`, of the endpoint, `training/*`
 */
export async function prepareOverEndpoint(
  database: AttuneDatabase,
  run: RunRow,
  context: Parameters<Prepare>[1],
  patience: Patience = INDEXING,
): Promise<PreparedRun> {
  const endpoints = new EndpointSource(database, { indexing: patience, asking: patience });
  const [examples, { prepareLinearOver }, endpoint] = await Promise.all([
    examplesOf(database, run),
    import('./tasks/linear.ts'),
    database.endpoints.get(run.modelId),
  ]);
  const source = endpointVectors(() => endpointOfRun(database, endpoints, run));
  const task = await prepareLinearOver(source, {
    ...context,
    settings: run.settings,
    seed: run.seed,
    examples,
    workspacePassages: () => workspacePassages(database, run),
  });
  const sentTo = new URL(endpoint!.baseUrl).host;
  return { task, device: 'this machine’s processor', sentTo };
}

/** Weighs adapters of the app: see `weighAdapter`. */
export function weighInApp(database: AttuneDatabase): Weigh {
  return async (run, adapterId, { signal, onProgress }) => {
    const [examples, files, { weighAdapter }, tuned] = await Promise.all([
      examplesOf(database, run),
      openModel(run.modelId),
      import('./tasks/weigh-adapter.ts'),
      tunedOf(adapterId),
    ]);
    const { runtime } = await chooseRuntime();
    const { settings, seed } = run;
    const pool = { workspacePassages: () => workspacePassages(database, run) };
    return weighAdapter({ files, runtime, settings, seed, examples, ...pool, signal, onProgress }, tuned);
  };
}

async function tunedOf(adapterId: string): Promise<TunedAdapter> {
  return (await loadAdapter(adapterId)).tuned;
}

/**
 * Passages of the workspace that may stand as wrong ones: none of a document of the test part, and none of its passages
 * where documents lie in several parts.
 */
export async function workspacePassages(
  database: AttuneDatabase,
  { workspaceId, datasetId }: Pick<RunRow, 'workspaceId' | 'datasetId'>,
): Promise<PoolPassage[]> {
  const part = (split: string) => database.examples.where('[datasetId+split]').equals([datasetId, split]).toArray();
  const [test, train] = await Promise.all([part('test'), part('train')]);
  const tested = test.flatMap(rightPassages);
  const trained = new Set(train.flatMap(rightPassages).map(({ documentKey }) => documentKey));
  const testDocuments = new Set(tested.map(({ documentKey }) => documentKey).filter((key) => !trained.has(key)));
  const testTexts = new Set(tested.map(passageText));
  const documents = await database.documents.where('workspaceId').equals(workspaceId).toArray();
  const passages: PoolPassage[] = [];
  for (const { id, path } of documents) {
    if (testDocuments.has(path)) continue;
    for (const { text, headings, nearDuplicateOf } of await database.chunks.where('documentId').equals(id).toArray()) {
      if (nearDuplicateOf === undefined && !testTexts.has(passageText({ headings, text })))
        passages.push({ text, headings, documentKey: path });
    }
  }
  return passages;
}
