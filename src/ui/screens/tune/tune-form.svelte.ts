import { isAbort, toProblem, type Problem } from '../../../errors/attune-error.ts';
import { listModels } from '../../../models/client.ts';
import type { ModelDescription } from '../../../models/contract.ts';
import { EMBEDDER_SETTING } from '../../../retrieval/settings.ts';
import { database } from '../../../storage/database.ts';
import type { NodeRow, TuningTask } from '../../../storage/schema.ts';
import type { SweepRequest, TrainingEstimate, TrainingProgress, TrainingRequest } from '../../../training/contract.ts';
import { training } from '../../../training/client.ts';
import { presetSettings, type Learns } from '../../../training/settings.ts';
import { isLoopback } from '../../../generation/endpoint/client.ts';
import { answerModel } from '../../state/answer-model.svelte.ts';
import { endpointName, privacy } from '../../state/privacy.svelte.ts';
import { searchEndpoint } from '../../state/search-endpoint.svelte.ts';
import { baseModel } from './base-model.ts';
import { goals, presetOf, taskOf, type Goal, type Length } from './goals.ts';
import { NodeEstimates, type NodeEstimate } from './node-estimates.svelte.ts';

/** An endpoint whose vectors are tuned in place of a model of this machine. */
export interface VectorEndpoint {
  id: string;
  name: string;
  host: string;
  /** Another machine. */
  remote: boolean;
}

/** What a new run would be: three answers, the knobs that were touched, and what one measured step says of it. */
export class TuneForm {
  readonly #workspaceId: string;
  #goal = $state<Goal | null>(null);
  #length = $state<Length>('balanced');
  #learns = $state<Learns>('passages');
  #overrides = $state.raw<Readonly<Record<string, unknown>>>({});
  #chosenModel = $state<string | undefined>(undefined);
  #models = $state.raw<ModelDescription[]>([]);
  #usedEmbedder = $state<string | undefined>(undefined);
  #estimate = $state.raw<{ key: string; value: TrainingEstimate } | null>(null);
  #progress = $state.raw<TrainingProgress | null>(null);
  #problem = $state.raw<{ key: string; value: Problem } | null>(null);
  #measuring = $state<string | null>(null);
  readonly #there = new NodeEstimates();
  datasetId = $state('');
  /** The node that would run it; '' is this tab. */
  nodeId = $state('');
  /** Trials over several values, by knob: absent or one value means that it is not tried. */
  grid = $state.raw<Readonly<Record<string, (number | string)[]>>>({});
  /** What is wrong with the values that were typed for a knob. */
  gridProblems = $state.raw<Readonly<Record<string, string>>>({});
  method = $state<SweepRequest['method']>('halving');

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
  }

  readonly task = $derived.by((): TuningTask | null => this.#goal && taskOf(this.#goal, this.#length));
  /** Where the workspace is searched by an endpoint, a matrix is tuned over its vectors. */
  readonly endpoint = $derived.by((): VectorEndpoint | null => {
    const { chosen } = searchEndpoint;
    if (!chosen || this.task !== 'linear') return null;
    const { endpointId: id, host } = chosen;
    const row = privacy.endpoints.find((endpoint) => endpoint.id === id);
    return { id, name: row ? endpointName(row) : host, host, remote: !isLoopback(`http://${host}`) };
  });
  readonly models = $derived.by((): Pick<ModelDescription, 'id' | 'name'>[] => {
    if (this.endpoint) return [this.endpoint];
    const base = goals.find(({ goal }) => goal === this.#goal)?.base;
    // What runs through another engine than ours has no weights that we could train against.
    return this.#models.filter(({ role, format }) => role === base && (format === 'gguf' || format === 'safetensors'));
  });
  /** What answers or searches now, whether or not it can be tuned. */
  readonly #inUse = $derived.by((): Pick<ModelDescription, 'id' | 'name'> | undefined => {
    if (this.#models.length === 0 || this.endpoint) return undefined;
    const { choice, name } = answerModel;
    if (this.#goal === 'answers') return choice ? { id: choice.modelId, name } : undefined;
    const embedders = this.#models.filter(({ role }) => role === 'embedder');
    return embedders.find(({ id }) => id === this.#usedEmbedder) ?? embedders[0];
  });
  readonly #base = $derived.by(() => baseModel(this.models, this.#chosenModel, this.#inUse));
  readonly modelId = $derived.by(() => this.#base.modelId);
  /** Name of the model in use where it cannot be tuned and another stands in its place. */
  readonly passedOver = $derived.by(() => this.#base.passedOver);
  /** All overrides that a request carries: the preset's, what is learned, and on top those that were set by hand. */
  readonly settings = $derived.by((): Record<string, unknown> => {
    if (!this.task) return {};
    const learns = this.task === 'generator' ? { learns: this.#learns } : {};
    return { ...presetSettings(this.task, presetOf(this.#length)), ...learns, ...this.#overrides };
  });
  readonly request = $derived.by((): TrainingRequest | null => {
    if (!this.task || !this.modelId || !this.datasetId) return null;
    const { settings } = this;
    const { task, modelId, datasetId } = this;
    return { workspaceId: this.#workspaceId, task, modelId, datasetId, settings };
  });
  readonly sweep = $derived.by((): SweepRequest | null => {
    const tried = Object.entries(this.grid).filter(([, values]) => values.length > 1);
    if (!this.request || tried.length === 0) return null;
    // A node works through its queue while nobody is there to drop the weaker half of the trials.
    return { ...this.request, grid: Object.fromEntries(tried), method: this.nodeId === '' ? this.method : 'grid' };
  });
  readonly trials = $derived.by(() =>
    this.sweep ? Object.values(this.sweep.grid).reduce((product, values) => product * values.length, 1) : 1,
  );
  readonly #key = $derived.by(() => (this.request ? JSON.stringify(this.request) : ''));

  get goal(): Goal | null {
    return this.#goal;
  }
  /** What an answer model learns. */
  get learns(): Learns {
    return this.#learns;
  }
  get length(): Length {
    return this.#length;
  }
  /** Knobs that were set by hand. */
  get overrides(): Readonly<Record<string, unknown>> {
    return this.#overrides;
  }
  /** Of the request as it stands in this tab; null until it was measured. */
  get estimate(): TrainingEstimate | null {
    return this.#estimate?.key === this.#key ? this.#estimate.value : null;
  }
  /** Why the request as it stands could not be measured. */
  get problem(): Problem | null {
    return this.#problem?.key === this.#key ? this.#problem.value : null;
  }
  /** A run is at work in this tab, so that no step can be measured. */
  get busy(): boolean {
    return this.problem?.code === 'training/busy';
  }
  get measuring(): boolean {
    return this.#measuring !== null && this.#measuring === this.#key;
  }
  get progress(): TrainingProgress | null {
    return this.#progress;
  }

  /** Reads which models there are and which one searches now. */
  async refresh(): Promise<void> {
    this.#models = await listModels();
    this.#usedEmbedder = (await database().settings.get(EMBEDDER_SETTING))?.value as string | undefined;
    await answerModel.refresh();
  }

  chooseGoal(goal: Goal): void {
    if (goal === this.#goal) return;
    this.#goal = goal;
    if (goal !== 'search' && this.#length === 'instant') this.#length = 'balanced';
    this.#chosenModel = undefined;
    this.#learns = 'passages';
    this.#forgetKnobs();
  }

  chooseLearns(learns: Learns): void {
    if (learns === this.#learns) return;
    this.#learns = learns;
    this.#forgetKnobs();
  }

  chooseLength(length: Length): void {
    const before = this.task;
    this.#length = length;
    if (this.task !== before) this.#forgetKnobs();
  }

  chooseModel(id: string): void {
    this.#chosenModel = id;
  }

  /** Sets a knob by hand; undefined goes back to the preset's value. */
  set(key: string, value: unknown): void {
    const { [key]: _, ...others } = this.#overrides;
    this.#overrides = value === undefined ? others : { ...others, [key]: value };
  }

  reset(): void {
    this.#forgetKnobs();
  }

  /** What a node says of the request as it stands. */
  estimateOn(nodeId: string): NodeEstimate | undefined {
    return this.#there.of(nodeId, this.#key);
  }

  /**
   * Runs one real step with the request as it stands: in this tab where that is the chosen place, then on the nodes, one of
   * which may be this machine. A newer measurement replaces one that is under way.
   */
  async measure(nodes: readonly NodeRow[] = []): Promise<void> {
    const key = this.#key;
    const { nodeId } = this;
    this.#there.leave();
    if (nodeId === '') await this.measureHere();
    else if (this.#measuring !== null) await training.cancelEstimate();
    if (this.request && key === this.#key && nodeId === this.nodeId && this.task !== 'linear') {
      await this.#there.ask(nodes, key, $state.snapshot(this.request));
    }
  }

  /** Runs one real step in this tab, unless that was done or is under way. */
  async measureHere(): Promise<void> {
    const { request } = this;
    const key = this.#key;
    if (!request || this.estimate || this.measuring) return;
    this.#measuring = key;
    this.#progress = null;
    try {
      const value = await training.estimate($state.snapshot(request), (progress) => {
        if (key !== this.#key) return;
        this.#progress = progress;
        this.#problem = null;
      });
      this.#estimate = { key, value };
    } catch (error) {
      if (isAbort(error)) return;
      this.#problem = { key, value: toProblem(error) };
      if (!this.busy) console.error(error);
    } finally {
      if (this.#measuring === key) this.#measuring = null;
    }
  }

  /** The screen is left: a step that is still being measured is of no use to anybody. */
  async leave(): Promise<void> {
    this.#there.leave();
    if (this.#measuring !== null) await training.cancelEstimate();
  }

  /** Another task has other knobs, of which some go by the same name and mean another thing. */
  #forgetKnobs(): void {
    this.#overrides = {};
    this.grid = {};
    this.gridProblems = {};
  }
}
