import { SvelteSet } from 'svelte/reactivity';
import type { GenerationEstimate, GenerationRequest } from '../../../../datasets/generation/contract.ts';
import { questionGeneration } from '../../../../datasets/generation/client.ts';
import { GENERATION_KNOBS } from '../../../../datasets/generation/settings.ts';
import { isAbort, toProblem, type Problem } from '../../../../errors/attune-error.ts';
import { listModels } from '../../../../models/client.ts';
import type { ModelDescription } from '../../../../models/contract.ts';
import type { PipelineModel } from '../../../../storage/schema.ts';
import { answerModel, engineOf } from '../../../state/answer-model.svelte.ts';
import { privacy } from '../../../state/privacy.svelte.ts';
import { amounts, type Amount, type Method } from './methods.ts';

/** What a run that writes questions would be, and what it would take. */
export class MakeForm {
  readonly #workspaceId: string;
  /** The data set that it adds to; undefined: a new one. */
  readonly datasetId: string | undefined;
  #models = $state.raw<ModelDescription[]>([]);
  #chosenModel = $state<string | undefined>(undefined);
  #overrides = $state.raw<Readonly<Record<string, unknown>>>({});
  #estimate = $state.raw<{ key: string; value: GenerationEstimate } | null>(null);
  #problem = $state.raw<{ key: string; value: Problem } | null>(null);
  method = $state<Method>('writer');
  amount = $state<Amount>('good');
  name = $state('');
  /** Undefined: the default. */
  seed = $state<number | undefined>(undefined);
  /** All documents, or those in {@link documents}. */
  scope = $state<'all' | 'chosen'>('all');
  readonly documents = new SvelteSet<string>();

  constructor(workspaceId: string, datasetId?: string) {
    this.#workspaceId = workspaceId;
    this.datasetId = datasetId;
  }

  /** Models and switched-on endpoints that can write questions by prompts. */
  readonly models = $derived.by(() => [
    ...this.#models.map((model) => ({ id: model.id, name: model.name, label: model.name, engine: engineOf(model) })),
    ...privacy.writers.map(({ id, name, model }) => ({
      id,
      name: model,
      label: `${name}: ${model}`,
      engine: 'endpoint' as const,
    })),
  ]);
  readonly model = $derived.by(() => {
    const wanted = this.#chosenModel ?? answerModel.choice?.modelId;
    return this.models.find(({ id }) => id === wanted) ?? this.models[0];
  });
  /** Knobs of the method that were set by hand, and the amount. */
  readonly settings = $derived.by((): Record<string, unknown> => {
    const { passages } = amounts.find(({ value }) => value === this.amount)!;
    const known = Object.entries(this.#overrides).filter(([key]) => key in GENERATION_KNOBS[this.method]);
    return { passages, ...Object.fromEntries(known) };
  });
  readonly request = $derived.by((): GenerationRequest | null => {
    const { datasetId, method, settings, model, seed } = this;
    const name = this.name.trim();
    if (this.scope === 'chosen' && this.documents.size === 0) return null;
    if (method === 'engine' && !model) return null;
    const pipeline: PipelineModel | null =
      method === 'engine' && model ? { modelId: model.id, engine: model.engine } : null;
    return {
      workspaceId: this.#workspaceId,
      method,
      settings,
      ...(seed !== undefined && { seed }),
      ...(datasetId !== undefined && { datasetId }),
      ...(name !== '' && datasetId === undefined && { name }),
      ...(this.scope === 'chosen' && { documentIds: [...this.documents].sort() }),
      ...(pipeline && { model: pipeline }),
    };
  });
  readonly #key = $derived.by(() => (this.request ? JSON.stringify({ ...this.request, name: '' }) : ''));

  get overrides(): Readonly<Record<string, unknown>> {
    return this.#overrides;
  }
  /** Of the request as it stands; null until it is known. */
  get estimate(): GenerationEstimate | null {
    return this.#estimate?.key === this.#key ? this.#estimate.value : null;
  }
  /** Why the request as it stands cannot be run. */
  get problem(): Problem | null {
    return this.#problem?.key === this.#key ? this.#problem.value : null;
  }

  async refresh(): Promise<void> {
    this.#models = (await listModels()).filter(({ role }) => role === 'generator');
    await answerModel.refresh();
  }

  chooseModel(id: string): void {
    this.#chosenModel = id;
  }

  /** Sets a knob by hand; undefined goes back to its default. */
  set(key: string, value: unknown): void {
    const { [key]: _, ...others } = this.#overrides;
    this.#overrides = value === undefined ? others : { ...others, [key]: value };
  }

  /** Asks what the request as it stands would take. */
  async measure(): Promise<void> {
    const { request } = this;
    const key = this.#key;
    if (!request || this.estimate) return;
    try {
      this.#estimate = { key, value: await questionGeneration.estimate($state.snapshot(request)) };
    } catch (error) {
      if (isAbort(error)) return;
      console.error(error);
      this.#problem = { key, value: toProblem(error) };
    }
  }
}
