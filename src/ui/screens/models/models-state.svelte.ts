import { SvelteSet } from 'svelte/reactivity';
import { toProblem, isAbort, type Problem } from '../../../errors/attune-error.ts';
import { generation } from '../../../generation/client.ts';
import type { EngineInfo, LoadProgress, ModelChoice } from '../../../generation/contract.ts';
import { jobs } from '../../../jobs/client.ts';
import { addModel, addModelFromHub, deleteModel, listModels, type PickedFile } from '../../../models/client.ts';
import type { ModelDescription } from '../../../models/contract.ts';
import { retrieval } from '../../../retrieval/client.ts';
import type { IndexStatus } from '../../../retrieval/contract.ts';
import { EMBEDDER_SETTING } from '../../../retrieval/settings.ts';
import { database } from '../../../storage/database.ts';
import type { ModelRow } from '../../../storage/schema.ts';
import { answerModel, engineOf } from '../../state/answer-model.svelte.ts';
import { report } from '../../state/errors.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';
import { searchEndpoint } from '../../state/search-endpoint.svelte.ts';
import { toasts } from '../../state/toasts.svelte.ts';
import { speeds } from './speeds.svelte.ts';

/** Work on one model, shown in its row. */
export interface ModelWork {
  modelId: string;
  what: 'loading' | 'measuring';
  progress?: LoadProgress;
}

/** A model on its way in. */
export interface AddingModel {
  name: string;
  done: number;
  total: number;
}

/** Deleted on the screen, in storage until the ten seconds for an undo are over. */
const leaving = new SvelteSet<string>();

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
  #adding = $state.raw<AddingModel | null>(null);
  #addProblem = $state.raw<Problem | null>(null);

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
      if (searchEndpoint.chosen) await searchEndpoint.stop();
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

  get adding(): AddingModel | null {
    return this.#adding;
  }

  /** Why the last model was not added; shown where it was chosen. */
  get addProblem(): Problem | null {
    return this.#addProblem;
  }

  /** Copies files of this computer into the browser's storage and lists them as a model. */
  async add(files: readonly PickedFile[]): Promise<void> {
    const [first] = files;
    if (!first) return;
    const name = files.length === 1 ? first.path : (first.path.split('/')[0] ?? first.path);
    await this.#bringIn('import', name, (options) => addModel(files, options));
  }

  async addFromHub(repository: string): Promise<void> {
    await this.#bringIn('download', repository, (options) => addModelFromHub(repository, options));
  }

  /** Takes a model off the screen and, unless it is undone within ten seconds, out of storage. */
  remove(model: ModelDescription): void {
    leaving.add(model.id);
    toasts.undoable(`Deleted ${model.name}`, {
      undo: () => leaving.delete(model.id),
      commit: () =>
        void this.#delete(model).catch((error) => {
          leaving.delete(model.id);
          report(error);
        }),
    });
  }

  async #delete(model: ModelDescription): Promise<void> {
    if (this.#inMemory?.modelId === model.id) await this.unload();
    await deleteModel(model.id);
    await this.refresh();
    leaving.delete(model.id);
  }

  async #bringIn(
    kind: 'import' | 'download',
    name: string,
    add: (options: { onProgress: (done: number, total: number) => void; signal: AbortSignal }) => Promise<ModelRow>,
  ): Promise<void> {
    this.#addProblem = null;
    this.#adding = { name, done: 0, total: 0 };
    const title = kind === 'import' ? `Adding ${name}` : `Fetching ${name}`;
    try {
      const row = await jobs.track({ kind, workspaceId: null, title, unit: 'bytes' }, (tell, signal) =>
        add({
          signal,
          onProgress: (done, total) => {
            this.#adding = { name, done, total };
            tell({ done, total });
          },
        }),
      );
      await answerModel.refresh();
      toasts.show({ icon: 'check', message: `${row.name} is ready to use` });
    } catch (error) {
      if (!isAbort(error)) this.#addProblem = toProblem(error);
    } finally {
      this.#adding = null;
      await this.refresh().catch(report);
    }
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
    return this.#models.filter((model) => model.role === role && !leaving.has(model.id));
  }
}
