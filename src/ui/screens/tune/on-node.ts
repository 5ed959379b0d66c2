import { database } from '../../../storage/database.ts';
import type { TuningTask } from '../../../storage/schema.ts';

/** Seconds a step took in the last run of the same kind on a node; undefined: there was none. */
export async function paceThere(nodeId: string, task: TuningTask, modelId: string): Promise<number | undefined> {
  const alike = await database()
    .runs.filter((run) => run.node?.nodeId === nodeId && run.task === task && run.modelId === modelId)
    .sortBy('createdAt');
  const last = alike.findLast(({ step, seconds }) => step > 0 && seconds > 0);
  return last && last.seconds / last.step;
}
