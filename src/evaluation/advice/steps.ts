import type { PipelineConfiguration, PipelineModel } from '../../storage/schema.ts';
import type { Difference, MatrixTable } from '../table/contract.ts';
import { differenceOf } from '../table/look-up.ts';
import { changedPart } from '../table/matrix-table.ts';

export type Part = 'embedder' | 'reranker' | 'generator';

export const PARTS: readonly Part[] = ['embedder', 'reranker', 'generator'];

/** What a part is judged by, the first metric that was measured: those that the table shows, by the same name. */
export const FOUND = ['recall@5', 'hit@5', 'recall@10', 'hit@10', 'recall@1', 'hit@1', 'mrr'];
export const ANSWERED = ['correctness', 'tokenF1', 'rougeL', 'exactMatch'];

/** One part put in its better form, everything else as it was. */
export interface Step {
  part: Part;
  from: PipelineConfiguration;
  to: PipelineConfiguration;
  difference: Difference;
}

export function partKind(model: PipelineModel | null): 'none' | 'base' | 'tuned' {
  return model ? (model.adapterId ? 'tuned' : 'base') : 'none';
}

/**
 * From the least tuned configuration to the most tuned one, a part at a time: search model, ranking model, answer model,
 * each on top of the one before. Steps that the matrix does not hold are left out.
 */
export function tuningSteps(table: MatrixTable): Step[] {
  const steps: Step[] = [];
  let current = startOf(table.configurations);
  for (const part of PARTS) {
    if (!current) break;
    const from: PipelineConfiguration = current;
    const candidates = table.configurations.filter(
      (to) => changedPart(from, to) === part && partKind(to[part]) === 'tuned' && partKind(from[part]) !== 'tuned',
    );
    for (const to of candidates) {
      const metrics = part === 'generator' ? ANSWERED : FOUND;
      const difference = firstDefined(metrics, (metric) => differenceOf(table, from.id, to.id, metric));
      if (!difference) continue;
      steps.push({ part, from, to, difference });
      current = to;
      break;
    }
  }
  return steps;
}

/** The configuration with the fewest tuned and ranking models, among those that search; else the first. */
export function startOf(configurations: readonly PipelineConfiguration[]): PipelineConfiguration | undefined {
  const rank = (configuration: PipelineConfiguration) =>
    PARTS.reduce((sum, part) => sum + Number(partKind(configuration[part]) === 'tuned'), 0) +
    (configuration.reranker ? 0.5 : 0) -
    (configuration.generator ? 0.25 : 0);
  const searching = configurations.filter(({ embedder }) => embedder);
  return searching.toSorted((a, b) => rank(a) - rank(b))[0] ?? configurations[0];
}

function firstDefined<A, B>(items: readonly A[], of: (item: A) => B | undefined): B | undefined {
  for (const item of items) {
    const value = of(item);
    if (value !== undefined) return value;
  }
  return undefined;
}
