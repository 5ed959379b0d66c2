import type { EngineInfo } from '../generation/contract.ts';
import type { WorkspaceAdapters } from '../storage/schema.ts';
import type { AnswerAdapter, Answerer } from './contract.ts';

/**
 * The adapter that is to answer, of those made for the loaded model; undefined: the bare model. A workspace's choice of
 * an adapter for another model counts as none.
 *
 * @param chosen `WorkspaceAdapters.generator`
 * @param answerer overrides the choice: `tuned` takes the workspace's adapter, else the starter's, else any that fits
 */
export function answeringAdapter(
  adapters: readonly AnswerAdapter[],
  info: Pick<EngineInfo, 'engine' | 'modelId'>,
  chosen: WorkspaceAdapters['generator'],
  answerer?: Answerer,
): AnswerAdapter | undefined {
  if (answerer === 'base' || info.engine !== 'local') return undefined;
  if (chosen === null && answerer !== 'tuned') return undefined;
  const fitting = adapters.filter(({ modelId, purpose }) => modelId === info.modelId && purpose !== 'questions');
  const starter = fitting.find(({ purpose }) => purpose === 'answers');
  const own = typeof chosen === 'string' ? fitting.find(({ id }) => id === chosen) : starter;
  return own ?? (answerer === 'tuned' ? (starter ?? fitting[0]) : undefined);
}
