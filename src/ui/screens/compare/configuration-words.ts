import type { PipelineConfiguration, PipelineModel } from '../../../storage/schema.ts';

/** Names of models and adapters by id; what was deleted since goes by its id. */
export interface Names {
  model: (id: string) => string;
  adapter: (id: string) => string;
}

export interface PartWords {
  role: 'Search' | 'Ranking' | 'Answers';
  /** "base", "tuned", "none": the same word for the same thing in every row. */
  kind: 'base' | 'tuned' | 'none';
  /** Kind and name, as far as they tell rows apart. */
  text: string;
  /** The name alone, '' where the kind tells the rows apart. */
  named: string;
  /** All of it: model and adapter. */
  title: string;
}

const ROLES = [
  ['embedder', 'Search'],
  ['reranker', 'Ranking'],
  ['generator', 'Answers'],
] as const;

/**
 * What each row of a matrix is made of, in words that are as short as telling the rows apart allows: "base" and "tuned"
 * do where there is one of each, models and adapters are named where there are several.
 */
export function partsOf(
  configurations: readonly PipelineConfiguration[],
  names: Names,
): ReadonlyMap<string, readonly PartWords[]> {
  const several = Object.fromEntries(
    ROLES.map(([place]) => {
      const used = configurations.flatMap((configuration) => configuration[place] ?? []);
      const models = new Set(used.map(({ modelId }) => modelId));
      const adapters = new Set(used.flatMap(({ adapterId }) => adapterId ?? []));
      return [place, { models: models.size > 1, adapters: adapters.size > 1 }];
    }),
  ) as Record<(typeof ROLES)[number][0], { models: boolean; adapters: boolean }>;

  return new Map(
    configurations.map((configuration) => [
      configuration.id,
      ROLES.map(([place, role]) => {
        const part = configuration[place];
        if (!part) return { role, kind: 'none' as const, text: emptyText(place), named: '', title: emptyText(place) };
        const kind = part.adapterId ? ('tuned' as const) : ('base' as const);
        const shown = several[place];
        const named = [
          shown.models && names.model(part.modelId),
          shown.adapters && part.adapterId && names.adapter(part.adapterId),
        ]
          .filter(Boolean)
          .join(', ');
        return { role, kind, text: named ? `${kind}, ${named}` : kind, named, title: modelText(part, names) };
      }),
    ]),
  );
}

/** "base search, no ranking, tuned answers" */
export function sentenceOf(parts: readonly PartWords[]): string {
  return parts
    .map(({ role, kind, named }) => {
      if (kind === 'none') return role === 'Search' ? 'no documents' : `no ${role.toLowerCase()}`;
      return `${kind} ${role.toLowerCase()}${named ? ` (${named})` : ''}`;
    })
    .join(', ');
}

/** "MiniLM with Handbook search" */
export function modelText({ modelId, adapterId }: PipelineModel, names: Names): string {
  return adapterId ? `${names.model(modelId)} with ${names.adapter(adapterId)}` : names.model(modelId);
}

function emptyText(place: (typeof ROLES)[number][0]): string {
  return place === 'embedder' ? 'no documents' : 'none';
}
