import type { Names } from './configuration-words.ts';
import type { PipelineOptions } from './pipeline-options.svelte.ts';

/** Names of what is on this machine; what was deleted since goes by its id. */
export function namesOf({ models, adapters, generators, embedders }: PipelineOptions): Names {
  return {
    model: (id) =>
      models.find((model) => model.id === id)?.name ??
      [...generators, ...embedders].find(({ model }) => model.modelId === id)?.modelName ??
      id,
    adapter: (id) => adapters.find((adapter) => adapter.id === id)?.name ?? `deleted (${id.slice(0, 8)})`,
  };
}
