import type { AdapterBase } from '../adapters/base.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow, TuningTask } from '../storage/schema.ts';
import { adaptersOf } from '../storage/workspace-adapters.ts';
import type { TrainingRequest } from './contract.ts';
import { SCORE_NAMES } from './score-names.ts';
import { questionsLearned, trainingSettings } from './settings.ts';

interface DraftDependencies {
  database: AttuneDatabase;
  describeModel: (modelId: string) => Promise<AdapterBase>;
}

const TASK_NAMES: Record<TuningTask, string> = {
  embedder: 'Search model',
  reranker: 'Ranking model',
  generator: 'Answer model',
  linear: 'Linear search adapter',
};

/** The row of a run that was asked for, which is not stored yet. @throws AttuneError `training/*`, `models/unknown` */
export async function draftRun(
  { database, describeModel }: DraftDependencies,
  request: TrainingRequest,
): Promise<RunRow> {
  const { workspaceId, task, modelId, datasetId } = request;
  const settings = trainingSettings(task, request.settings);
  const [dataset, model] = await Promise.all([database.datasets.get(datasetId), describeModel(modelId)]);
  if (!dataset) {
    throw new AttuneError('training/no-data', 'The data set is not there any more.', 'Choose another data set.');
  }
  const { train, validation } = dataset.counts;
  if (train < 2 || validation < 1) {
    throw new AttuneError(
      'training/too-few',
      `${dataset.name} has ${train} questions to train on and ${validation} to validate with.`,
      'Choose a data set with questions on at least three documents; a hundred questions are a good start.',
    );
  }
  if ((task === 'generator') !== (model.role === 'generator')) {
    throw new AttuneError(
      'training/wrong-model',
      `${model.name} cannot be tuned as a ${TASK_NAMES[task].toLowerCase()}.`,
      task === 'generator' ? 'Choose an answer model.' : 'Choose a search model.',
    );
  }
  if (model.host !== undefined && task !== 'linear') {
    throw new AttuneError(
      'training/wrong-model',
      `The layers of ${model.name} cannot be reached from here.`,
      'Choose “In seconds”, which needs its vectors alone, or a model of this machine.',
    );
  }
  const now = Date.now();
  return {
    id: crypto.randomUUID(),
    workspaceId,
    name: request.name ?? `${TASK_NAMES[task]}, ${dataset.name}`,
    task,
    modelId,
    datasetId,
    datasetHash: dataset.hash,
    questions: questionsLearned(settings, train),
    seed: request.seed ?? settings.seed,
    settings,
    ...(task === 'reranker' && (await searchAdapter(database, request))),
    state: 'waiting',
    step: 0,
    steps: 0,
    scoreName: SCORE_NAMES[task],
    seconds: 0,
    device: '',
    ...(request.node && { node: request.node }),
    createdAt: now,
    updatedAt: now,
  };
}

/** The adapter that a ranking model's search has: the one asked for, else the workspace's, where it is of that model. */
async function searchAdapter(
  database: AttuneDatabase,
  { workspaceId, modelId, searchAdapterId }: TrainingRequest,
): Promise<Pick<RunRow, 'searchAdapterId'>> {
  const inForce = adaptersOf(await database.workspaces.get(workspaceId)).embedder;
  const id = searchAdapterId === undefined ? inForce : (searchAdapterId ?? undefined);
  const adapter = id === undefined ? undefined : await database.adapters.get(id);
  return adapter?.modelId === modelId ? { searchAdapterId: id } : {};
}
