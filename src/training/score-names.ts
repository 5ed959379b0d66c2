import type { TuningTask } from '../storage/schema.ts';

const FINDING = 'MRR@10 on the validation part';

/** What a task is judged by: known before it runs, here or on a node, which judges by the same (`companion/`). */
export const SCORE_NAMES: Record<TuningTask, string> = {
  embedder: FINDING,
  linear: FINDING,
  reranker: FINDING,
  generator: 'Probability of the right words',
};
