import type { EvaluationScoreRow, PipelineConfiguration, PipelineModel } from '../../src/storage/schema.ts';

/** Configurations and rows of scores for tests of what is said about them. */

export type PartState = 'none' | 'base' | 'tuned';

/** "base/none/tuned": search, ranking, answers. */
export function configurationOf(states: `${PartState}/${PartState}/${PartState}`): PipelineConfiguration {
  const [embedder, reranker, generator] = states.split('/') as [PartState, PartState, PartState];
  const part = (name: string, state: PartState): PipelineModel | null =>
    state === 'none' ? null : { modelId: name, adapterId: state === 'tuned' ? `tuned-${name}` : null };
  return {
    id: states,
    name: states,
    embedder: part('search', embedder),
    reranker: part('ranking', reranker),
    generator: part('answers', generator),
  };
}

/** A row for each question; `of` says what went on with question `i`. */
export function scoreRows(
  configurationId: string,
  questions: number,
  of: (i: number) => Partial<EvaluationScoreRow>,
): EvaluationScoreRow[] {
  return Array.from({ length: questions }, (_, i) => ({
    ...{ evaluationId: 'e', configurationId, exampleId: `q${i}`, workspaceId: 'w', passages: [], scores: {} },
    ...of(i),
  }));
}
