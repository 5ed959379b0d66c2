import { allCombinations, type NamedModel } from '../evaluation/matrix/index.ts';
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
    (await begin(demo, context, 'What is found', options.questions, {
      ...parts,
      generators: [null],
    }));
  await context.keep({ searchEvaluationId: search });
  await finished(search, context);
  if (options.answers === 0) return;
  const answers =
    (await unbroken(demo.answerEvaluationId, known)) ??
    (await begin(demo, context, 'What is answered', options.answers, {
      embedders: parts.embedders,
      // One ranking each, the fullest: answers take seconds, and the table of rankings stands beside it.
      rerankers: parts.rerankers.slice(-1),
      generators: parts.generators,
    }));
  await context.keep({ answerEvaluationId: answers });
  await finished(answers, context);
}

async function begin(
  demo: DemoState,
  { services }: StepContext,
  name: string,
  questions: number,
  combinations: Parameters<typeof allCombinations>[0],
): Promise<string> {
  return services.evaluate({
    workspaceId: demo.workspaceId,
    datasetId: demo.testSetId!,
    name,
    split: 'test',
    questions,
    seed: demo.options.seed,
    configurations: allCombinations(combinations),
  });
}

/** Base models, and beside each what its run made of it. The answer model's starter adapter counts as tuned. */
async function namedParts(
  demo: DemoState,
  { services }: StepContext,
): Promise<{ embedders: NamedModel[]; rerankers: (NamedModel | null)[]; generators: NamedModel[] }> {
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
  return {
    embedders: [
      { name: 'base search', modelId: models.embedder.id },
      ...named('tuned search', models.embedder.id, embedder),
    ],
    rerankers: [null, ...named('tuned ranking', models.embedder.id, reranker)],
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
