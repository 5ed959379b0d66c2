import { allCombinations, type NamedModel } from '../evaluation/matrix/index.ts';
import type { PipelineConfiguration } from '../storage/schema.ts';
import type { DemoPart, DemoState } from './contract.ts';
import { asError } from './documents.ts';
import { baseModels } from './models.ts';
import type { StepContext } from './services.ts';
import { unbroken, waitFor } from './wait.ts';

/** Asks the test questions of every combination: all of them for what is found, some for what is answered. */
export async function measureCombinations(demo: DemoState, context: StepContext): Promise<void> {
  const { options } = demo;
  const parts = await namedParts(demo, context);
  const known = (id: string) => context.services.db.evaluations.get(id);
  const search =
    (await unbroken(demo.searchEvaluationId, known)) ??
    (await begin(demo, context, 'What is found', options.questions, searching(parts)));
  await context.keep({ searchEvaluationId: search });
  await finished(search, context);
  if (options.answers === 0) return;
  const answers =
    (await unbroken(demo.answerEvaluationId, known)) ??
    (await begin(demo, context, 'What is answered', Math.min(options.answers, options.questions), answering(parts)));
  await context.keep({ answerEvaluationId: answers });
  await finished(answers, context);
}

/** Without a tuned ranking model, its untuned form beside none would take the time and have nothing to say. */
function searching({ embedders, tunedRanking, baseRanking }: NamedParts): PipelineConfiguration[] {
  const rerankers = [null, ...(tunedRanking ? [baseRanking, tunedRanking] : [])];
  return allCombinations({ embedders, rerankers, generators: [null] });
}

/**
 * Answers take seconds each: those behind the untuned ranking are left out, whose rankings stand in the other table.
 * Those without passages come last: what is first is what all others are compared with.
 */
function answering({ embedders, tunedRanking, generators }: NamedParts): PipelineConfiguration[] {
  const rerankers = [null, ...(tunedRanking ? [tunedRanking] : [])];
  return [
    ...allCombinations({ embedders, rerankers, generators }),
    ...allCombinations({ embedders: [], rerankers: [], generators, withoutRetrieval: true }),
  ];
}

async function begin(
  demo: DemoState,
  { services }: StepContext,
  name: string,
  questions: number,
  configurations: PipelineConfiguration[],
): Promise<string> {
  return services.evaluate({
    workspaceId: demo.workspaceId,
    datasetId: demo.testSetId!,
    name,
    split: 'test',
    questions,
    seed: demo.options.seed,
    configurations,
  });
}

interface NamedParts {
  embedders: NamedModel[];
  baseRanking: NamedModel;
  /** Absent: there is none. */
  tunedRanking?: NamedModel;
  generators: NamedModel[];
}

/** Base models, and beside each what its run made of it. The answer model's starter adapter counts as tuned. */
async function namedParts(demo: DemoState, { services }: StepContext): Promise<NamedParts> {
  const models = await baseModels(services);
  const made = async (part: DemoPart) => {
    const id = demo.runs[part];
    return id === undefined ? demo.options.adapters?.[part] : (await services.db.runs.get(id))?.adapterId;
  };
  const starter = (await services.adapters()).find(
    ({ purpose, modelId }) => purpose === 'answers' && modelId === models.generator.id,
  );
  const [embedder, reranker, generator] = [await made('embedder'), await made('reranker'), await made('generator')];
  const named = (name: string, modelId: string, adapterId: string | undefined): NamedModel[] =>
    adapterId === undefined ? [] : [{ name, modelId, adapterId }];
  const [tunedRanking] = named('tuned ranking', models.embedder.id, reranker);
  return {
    embedders: [
      { name: 'base search', modelId: models.embedder.id },
      ...named('tuned search', models.embedder.id, embedder),
    ],
    baseRanking: { name: 'base ranking', modelId: models.embedder.id },
    ...(tunedRanking && { tunedRanking }),
    generators: [
      { name: 'base answers', modelId: models.generator.id },
      ...named('tuned answers', models.generator.id, generator ?? starter?.id),
    ],
  };
}

async function finished(id: string, { services, signal }: StepContext): Promise<void> {
  const row = await waitFor(
    () => services.db.evaluations.get(id),
    (evaluation) => evaluation === undefined || ['done', 'failed', 'cancelled'].includes(evaluation.state),
    signal,
  );
  if (row?.state !== 'done') throw asError(row?.problem, 'Measuring was cancelled.');
}
