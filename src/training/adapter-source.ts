import { AttuneError } from '../errors/attune-error.ts';
import type { ModelFiles } from '../models/contract.ts';
import type { RunRow } from '../storage/schema.ts';
import type { Prepare } from './run.ts';
import type { PreparedTask } from './tasks/task.ts';

export interface AdapterSourceDependencies {
  prepare: Prepare;
  /** @throws AttuneError `models/unknown` */
  openModel: (modelId: string) => Promise<ModelFiles>;
}

/**
 * What makes adapters of a run's checkpoints: its task, or where its data set has changed or is gone the checkpoints
 * alone. They hold all that was learned, and it would be lost with a refusal.
 */
export async function adapterSource(
  { prepare, openModel }: AdapterSourceDependencies,
  run: RunRow,
  context: Parameters<Prepare>[1],
): Promise<Pick<PreparedTask, 'adapterAt' | 'dispose'>> {
  try {
    return (await prepare(run, context)).task;
  } catch (error) {
    if (!(error instanceof AttuneError && error.code === 'training/data-changed')) throw error;
    const { adapterAlone } = await import('./adapter-alone.ts');
    return {
      adapterAt: (checkpoint) => adapterAlone(run, checkpoint, openModel),
      dispose: () => Promise.resolve(),
    };
  }
}
