import type { PipelineConfiguration, PipelineModel } from '../../storage/schema.ts';

/** Models with their names, `null` for a part that is left out. */
export interface NamedModel extends PipelineModel {
  name: string;
}

type Parts = Pick<PipelineConfiguration, 'embedder' | 'reranker' | 'generator'>;

export interface Combinations {
  embedders: readonly NamedModel[];
  /** With null among them: also without a ranking model. */
  rerankers: readonly (NamedModel | null)[];
  /** With null among them: also the ranking alone. */
  generators: readonly (NamedModel | null)[];
  /** Also each generator without any passages. */
  withoutRetrieval?: boolean;
}

/** Id of a configuration, made of its parts: equal parts have equal ids. */
export function configurationId({ embedder, reranker, generator }: Parts): string {
  const part = (model: PipelineModel | null) =>
    model ? [model.engine ?? 'local', model.modelId, model.adapterId ?? ''].map(encodeURIComponent).join('+') : '-';
  return [embedder, reranker, generator].map(part).join('~');
}

/** A configuration with its id and, unless one is given, a name made of its models' names. */
export function configuration(
  parts: { embedder: NamedModel | null; reranker: NamedModel | null; generator: NamedModel | null },
  name = [parts.embedder?.name ?? 'No passages', parts.reranker?.name, parts.generator?.name]
    .filter((part) => part !== undefined)
    .join(' · '),
): PipelineConfiguration {
  const [embedder, reranker, generator] = [parts.embedder, parts.reranker, parts.generator].map(plain);
  const plainParts = { embedder: embedder!, reranker: reranker!, generator: generator! };
  return { id: configurationId(plainParts), name, ...plainParts };
}

/** Every embedder with every reranker with every generator, and the generators on their own where wanted. */
export function allCombinations({
  embedders,
  rerankers,
  generators,
  withoutRetrieval = false,
}: Combinations): PipelineConfiguration[] {
  const alone = generators.filter((generator) => generator !== null);
  return [
    ...(withoutRetrieval ? alone.map((generator) => configuration({ embedder: null, reranker: null, generator })) : []),
    ...embedders.flatMap((embedder) =>
      rerankers.flatMap((reranker) => generators.map((generator) => configuration({ embedder, reranker, generator }))),
    ),
  ];
}

function plain(model: NamedModel | null): PipelineModel | null {
  if (!model) return null;
  const { modelId, adapterId = null, engine } = model;
  return { modelId, adapterId, ...(engine && { engine }) };
}
