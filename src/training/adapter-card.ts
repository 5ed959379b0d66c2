import type { AttuneDatabase } from '../storage/database.ts';
import type { AdapterRow, RunRow } from '../storage/schema.ts';
import { questionsOf } from './questions-of.ts';
import { learnsOf } from './settings.ts';

/** What an adapter's row takes over from its run, wherever that was computed. A generator is asked as it was trained. */
export async function cardOfRun(db: AttuneDatabase, run: RunRow) {
  const dataset = await db.datasets.get(run.datasetId);
  const search = run.searchAdapterId === undefined ? undefined : await db.adapters.get(run.searchAdapterId);
  const told = [
    ...(dataset ? [taughtBy(run, dataset.name, await questionsOf(db, run))] : []),
    ...(search ? [`Made to stand behind the search tuned by “${search.name}”.`] : []),
  ];
  return {
    workspaceId: run.workspaceId,
    name: run.name,
    description: told.join(' '),
    task: run.task,
    runId: run.id,
    datasetHash: run.datasetHash,
    ...(dataset?.licence && { dataLicence: dataset.licence }),
    ...(await recipeOfRun(run)),
  } satisfies Partial<AdapterRow>;
}

/** What an adapter learned, in a sentence. */
function taughtBy({ task, settings }: RunRow, dataset: string, questions: number | undefined): string {
  const many = questions === undefined ? '' : ` (${questions} questions)`;
  const byHeart = learnsOf(task, settings) === 'closed-book' ? ', to answer by heart' : '';
  return `Tuned on ${dataset}${many}${byHeart}.`;
}

async function recipeOfRun(run: RunRow) {
  if (run.task !== 'generator') return {};
  const { recipeOf } = await import('./tasks/recipe.ts');
  return { recipe: recipeOf(run.settings) };
}
