import { SvelteSet } from 'svelte/reactivity';
import { toProblem, isAbort, type Problem } from '../../../errors/attune-error.ts';
import { generation } from '../../../generation/client.ts';
import type { EngineInfo, LoadProgress, ModelChoice } from '../../../generation/contract.ts';
import { listModels } from '../../../models/client.ts';
import type { ModelDescription } from '../../../models/contract.ts';
import { retrieval } from '../../../retrieval/client.ts';
import type { IndexStatus } from '../../../retrieval/contract.ts';
import { EMBEDDER_SETTING } from '../../../retrieval/settings.ts';
import { database } from '../../../storage/database.ts';
import { answerModel, engineOf } from '../../state/answer-model.svelte.ts';
import { report } from '../../state/errors.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';
import { speeds } from './speeds.svelte.ts';

/** Work on one model, shown in its row. */
export interface ModelWork {
  modelId: string;
  what: 'loading' | 'measuring';
  progress?: LoadProgress;
}

/** Models on this machine: what is here, what is in memory, and what is being done with one of them. */
export class ModelsState {
  readonly #workspaceId: string;
  #models = $state.raw<ModelDescription[]>([]);
  #loaded = $state(false);
  #inMemory = $state.raw<EngineInfo | null>(null);
  #index = $state.raw<IndexStatus | null>(null);
  #work = $state.raw<ModelWork | null>(null);
  /** Problem of a model's last action, by id: shown in its row. */
  #problems = $state.raw<ReadonlyMap<string, Problem>>(new Map());
  #chosenEmbedder = new LiveQuery<string | undefined>(
    async () => (await database().settings.get(EMBEDDER_SETTING))?.value as string | undefined,
    undefined,
  );
  readonly leaving = new SvelteSet<string>();

  readonly embedders = $derived.by(() => this.#here('embedder'));
  readonly generators = $derived.by(() => this.#here('generator'));
  readonly rerankers = $derived.by(() => this.#here('reranker'));

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get inMemory(): EngineInfo | null {
    return this.#inMemory;
  }

  /** What the retrieval worker says of the search model in use; null until it answered. */
  get index(): IndexStatus | null {
    return this.#index;
  }

  get work(): ModelWork | null {
    return this.#work;
  }

  get embedderId(): string | undefined {
    const chosen = this.#chosenEmbedder.current;
    return (this.embedders.find((model) => model.id === chosen) ?? this.embedders[0])?.id;
  }

  problemOf(modelId: string): Problem | undefined {
    return this.#problems.get(modelId);
  }

  async refresh(): Promise<void> {
    this.#models = await listModels();
    this.#loaded = true;
    this.#inMemory = await generation.current();
    this.#index = await retrieval.status(this.#workspaceId);
  }

  async useEmbedder(modelId: string): Promise<void> {
    await this.#do(modelId, 'loading', async () => {
      await database().settings.put({ key: EMBEDDER_SETTING, value: modelId });
      this.#index = await retrieval.status(this.#workspaceId);
    });
  }

  /** Makes a model answer from now on and loads it. */
  async use(choice: ModelChoice): Promise<void> {
    await answerModel.choose(choice);
    if (choice.engine !== 'endpoint') await this.load(choice);
  }

  async load(choice: ModelChoice): Promise<void> {
    await this.#do(choice.modelId, 'loading', async () => {
      this.#inMemory = await generation.load(choice, (progress) => {
        this.#work = { modelId: choice.modelId, what: 'loading', progress };
      });
    });
  }

  async unload(): Promise<void> {
    await generation.unload();
    this.#inMemory = null;
  }

  async measure(model: ModelDescription): Promise<void> {
    if (model.role === 'generator' && this.#inMemory?.modelId !== model.id) {
      await this.load({ engine: engineOf(model), modelId: model.id });
      if (this.problemOf(model.id)) return;
    }
    await this.#do(model.id, 'measuring', () =>
      model.role === 'generator'
        ? speeds.measureGenerator(model.id, new AbortController().signal)
        : speeds.measureEmbedder(model.id, this.#index?.device ?? ''),
    );
  }

  async #do(modelId: string, what: ModelWork['what'], act: () => Promise<void>): Promise<void> {
    this.#work = { modelId, what };
    this.#setProblem(modelId, undefined);
    try {
      await act();
    } catch (error) {
      if (isAbort(error)) return;
      console.error(error);
      this.#setProblem(modelId, toProblem(error));
    } finally {
      this.#work = null;
    }
  }

  #setProblem(modelId: string, problem: Problem | undefined): void {
    const problems = new Map(this.#problems);
    if (problem) problems.set(modelId, problem);
    else problems.delete(modelId);
    this.#problems = problems;
  }

  #here(role: ModelDescription['role']): ModelDescription[] {
    return this.#models.filter((model) => model.role === role && !this.leaving.has(model.id));
  }
}

/** Reads everything anew without waiting for it; for event handlers. */
export function refreshModels(state: ModelsState): void {
  state.refresh().catch(report);
}
