import { adapters } from '../../../adapters/client.ts';
import type { AdapterDescription } from '../../../adapters/contract.ts';
import { listModels } from '../../../models/client.ts';
import type { ModelDescription } from '../../../models/contract.ts';
import type { EndpointRow, ModelRole, PipelineModel } from '../../../storage/schema.ts';
import { bytes } from '../../format.ts';
import { engineOf } from '../../state/answer-model.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';
import { hostOf, privacy } from '../../state/privacy.svelte.ts';

/** A model with or without an adapter that can stand in a place of the pipeline. */
export interface PipelineOption {
  /** Of model and adapter; unique within its role. */
  key: string;
  model: PipelineModel;
  /** Of the model alone. */
  modelName: string;
  /** The adapter's name, or "as it is". */
  variant: string;
  /** Model and variant in one. */
  label: string;
  /** Size, licence or host. */
  detail: string;
  tuned: boolean;
  /** Questions and passages go to another machine. */
  leavesMachine: boolean;
  /** Of an endpoint. */
  host?: string;
}

export const keyOf = ({ modelId, adapterId }: PipelineModel): string => `${modelId}|${adapterId ?? ''}`;

/** @param adapter over the vectors that the endpoint gives */
function endpointOption({ id, model, name, baseUrl }: EndpointRow, adapter?: AdapterDescription): PipelineOption {
  const part: PipelineModel = { modelId: id, ...(adapter && { adapterId: adapter.id }), engine: 'endpoint' };
  return {
    key: keyOf(part),
    model: part,
    modelName: model,
    ...inWords(model, adapter),
    detail: adapter ? `${name}, adapter ${bytes(adapter.bytes)}` : name,
    tuned: adapter !== undefined,
    leavesMachine: privacy.remote.some((endpoint) => endpoint.id === id),
    host: hostOf(baseUrl),
  };
}

function inWords(model: string, adapter: AdapterDescription | undefined): Pick<PipelineOption, 'variant' | 'label'> {
  return adapter
    ? { variant: adapter.name, label: `${model} with ${adapter.name}` }
    : { variant: 'as it is', label: model };
}

/** A search model that ranks by its similarity alone: what a tuned ranking model is compared with (ADR 146). */
export function untunedRanking({ id, name }: Pick<ModelDescription, 'id' | 'name'>): PipelineOption {
  const model: PipelineModel = { modelId: id };
  return {
    key: keyOf(model),
    model,
    modelName: name,
    variant: 'untuned',
    label: `${name}, untuned`,
    detail: 'by its similarity, without the words',
    tuned: false,
    leavesMachine: false,
  };
}

/** What can be compared on this machine: every model as it is and with each of its adapters, endpoints that are on too. */
export class PipelineOptions {
  #models = $state.raw<readonly ModelDescription[]>([]);
  #loaded = $state(false);
  #adapters = new LiveQuery<AdapterDescription[]>(() => adapters.list(), []);

  async refresh(): Promise<void> {
    this.#models = await listModels();
    this.#loaded = true;
  }

  get loaded(): boolean {
    return this.#loaded && this.#adapters.loaded;
  }
  get models(): readonly ModelDescription[] {
    return this.#models;
  }
  get adapters(): readonly AdapterDescription[] {
    return this.#adapters.current;
  }

  readonly embedders = $derived.by(() => [
    ...this.#withAdapters('embedder', ['embedder', 'linear']),
    ...privacy.embedders.flatMap((endpoint) => [
      endpointOption(endpoint),
      ...this.#adapters.current
        .filter(({ modelId, task }) => modelId === endpoint.id && task === 'linear')
        .map((adapter) => endpointOption(endpoint, adapter)),
    ]),
  ]);
  /** Search models as they are, and with each adapter that scores pairs. */
  readonly rerankers = $derived.by(() => [
    ...this.#models.filter(({ role }) => role === 'embedder').map(untunedRanking),
    ...this.#adapters.current
      .filter(({ task }) => task === 'reranker')
      .flatMap((adapter) => {
        const model = this.#models.find(({ id }) => id === adapter.modelId);
        return model ? [this.#option(model, adapter)] : [];
      }),
  ]);
  readonly generators = $derived.by(() => [
    ...this.#withAdapters('generator', ['generator']),
    ...privacy.writers.map((endpoint) => endpointOption(endpoint)),
  ]);

  #withAdapters(role: ModelRole, tasks: readonly AdapterDescription['task'][]): PipelineOption[] {
    return this.#models
      .filter((model) => model.role === role)
      .flatMap((model) => [
        this.#option(model),
        ...this.#adapters.current
          .filter(
            ({ modelId, task, purpose }) => modelId === model.id && tasks.includes(task) && purpose !== 'questions',
          )
          .map((adapter) => this.#option(model, adapter)),
      ]);
  }

  #option(model: ModelDescription, adapter?: AdapterDescription): PipelineOption {
    const engine = model.role === 'generator' ? { engine: engineOf(model) } : {};
    const part: PipelineModel = { modelId: model.id, ...(adapter && { adapterId: adapter.id }), ...engine };
    return {
      key: keyOf(part),
      model: part,
      modelName: model.name,
      ...inWords(model.name, adapter),
      detail: adapter ? `adapter, ${bytes(adapter.bytes)}` : [bytes(model.bytes), model.licence].join(', '),
      tuned: adapter !== undefined,
      leavesMachine: false,
    };
  }
}
