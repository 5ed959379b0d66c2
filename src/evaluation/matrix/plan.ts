import { AttuneError } from '../../errors/attune-error.ts';
import type { PipelineConfiguration, PipelineModel } from '../../storage/schema.ts';
import { configurationId } from './configurations.ts';

/** Models are the same thing whatever the object. */
export function modelKey({ engine = 'local', modelId, adapterId }: PipelineModel): string {
  return JSON.stringify([engine, modelId, adapterId ?? null]);
}

/** The same model, on this machine or behind its endpoint, as it was before an adapter. */
export function untuned({ adapterId: _, ...model }: PipelineModel): PipelineModel {
  return model;
}

/**
 * The distinct models in such an order that those that share a base follow each other: then each base is loaded once.
 */
export function distinctModels(models: readonly (PipelineModel | null)[]): PipelineModel[] {
  const present = models.filter((model) => model !== null);
  const distinct = [...new Map(present.map((model) => [modelKey(model), model])).values()];
  const bases = distinct.map((model) => modelKey(untuned(model)));
  return distinct
    .map((model, place) => ({ model, place, first: bases.indexOf(bases[place]!) }))
    .sort((a, b) => a.first - b.first || a.place - b.place)
    .map(({ model }) => model);
}

/** In the order in which their answers are written: by the generator's base, its adapter, then the search model's base. */
export function answerOrder(configurations: readonly PipelineConfiguration[]): PipelineConfiguration[] {
  const generators = distinctModels(configurations.map(({ generator }) => generator)).map(modelKey);
  const embedders = distinctModels(configurations.map(({ embedder }) => embedder)).map(modelKey);
  const place = ({ generator, embedder }: PipelineConfiguration) =>
    generators.indexOf(modelKey(generator!)) * (embedders.length + 1) +
    (embedder ? 1 + embedders.indexOf(modelKey(embedder)) : 0);
  return configurations.filter(({ generator }) => generator !== null).sort((a, b) => place(a) - place(b));
}

/** @throws AttuneError `evaluation/no-configuration`, `evaluation/empty-configuration` */
export function checkConfigurations(configurations: readonly PipelineConfiguration[]): PipelineConfiguration[] {
  const [first] = configurations;
  if (!first) {
    throw new AttuneError(
      'evaluation/no-configuration',
      'No configuration was chosen to evaluate.',
      'Choose a search model or an answer model.',
    );
  }
  for (const { embedder, generator, reranker, name } of configurations) {
    if ((embedder || generator) && (embedder || !reranker)) continue;
    throw new AttuneError(
      'evaluation/empty-configuration',
      `The configuration ${name} has ${reranker ? 'a ranking model without a search model' : 'neither a search nor an answer model'}.`,
      'Give it a search model, or an answer model alone.',
    );
  }
  const named = configurations.map((one) => ({ ...one, id: configurationId(one) }));
  return [...new Map(named.map((one) => [one.id, one])).values()];
}
