import { inUse } from '../datasets/in-use.ts';
import { seededRandom, shuffled } from '../engine/training/random.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { EvaluationRow, ExampleRow } from '../storage/schema.ts';
import type { EvaluationRequest } from './contract.ts';
import { checkConfigurations } from './matrix/plan.ts';

const PART_NAMES = { train: 'training', validation: 'validation', test: 'the final test' };

/**
 * The row of an evaluation that was asked for: its questions drawn, its settings as they are now.
 *
 * @throws AttuneError `evaluation/no-questions`, `evaluation/no-configuration`, `evaluation/empty-configuration`
 */
export async function draftEvaluation(database: AttuneDatabase, request: EvaluationRequest): Promise<EvaluationRow> {
  const { workspaceId, datasetId, split = 'test', seed = 1, judge } = request;
  const configurations = checkConfigurations(request.configurations);
  const [dataset, workspace] = await Promise.all([
    database.datasets.get(datasetId),
    database.workspaces.get(workspaceId),
  ]);
  const rows = await database.examples.where('[datasetId+split]').equals([datasetId, split]).sortBy('ordinal');
  const asked = drawn(rows.filter(inUse), request.questions ?? Infinity, seed);
  if (!dataset || asked.length === 0) {
    throw new AttuneError(
      'evaluation/no-questions',
      dataset
        ? `The data set ${dataset.name} has no questions in its part for ${PART_NAMES[split]}.`
        : 'The data set is not there any more.',
      'Choose another data set, or split this one anew.',
    );
  }
  // Adapters in force are no knobs: the configurations say which ones are asked.
  const { adapters: _, ...knobs } = workspace?.settings ?? {};
  const now = Date.now();
  return {
    id: crypto.randomUUID(),
    workspaceId,
    name: request.name ?? `${dataset.name}, ${asked.length} questions`,
    datasetId,
    datasetHash: dataset.hash,
    split,
    exampleIds: asked.map(({ id }) => id),
    seed,
    settings: { ...knobs, ...request.settings },
    configurations,
    ...(judge && { judge }),
    state: 'waiting',
    seconds: 0,
    device: '',
    createdAt: now,
    updatedAt: now,
  };
}

/** At most `limit` rows, the same ones for one seed, in their own order. */
function drawn(rows: readonly ExampleRow[], limit: number, seed: number): ExampleRow[] {
  if (rows.length <= limit) return [...rows];
  const chosen = shuffled(rows, seededRandom(seed)).slice(0, limit);
  return chosen.sort((a, b) => a.ordinal - b.ordinal);
}
