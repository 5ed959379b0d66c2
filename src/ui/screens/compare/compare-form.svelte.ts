import { evaluation } from '../../../evaluation/client.ts';
import type { EvaluationEstimate, EvaluationRequest } from '../../../evaluation/contract.ts';
import { allCombinations, type NamedModel } from '../../../evaluation/matrix/index.ts';
import { isAbort, toProblem, type Problem } from '../../../errors/attune-error.ts';
import type { DatasetRow, DatasetSplit, EvaluationRow, PipelineConfiguration } from '../../../storage/schema.ts';
import { adaptersInForce } from '../../state/adapters.svelte.ts';
import { keyOf, type PipelineOption, type PipelineOptions } from './pipeline-options.svelte.ts';

export type Role = 'embedder' | 'reranker' | 'generator';

/** A place of the pipeline that is left empty: no ranking model, or no answers. */
export const NONE = 'none';
/** More rows than this nobody reads, and each of them is computed. */
export const MOST_CONFIGURATIONS = 36;
/** Enough to see a difference of ten in a hundred, few enough for one sitting. */
const FIRST_QUESTIONS = 50;

/** What a new comparison would be: which questions, which models, what it takes. */
export class CompareForm {
  readonly #workspaceId: string;
  readonly #options: PipelineOptions;
  #chosen = $state.raw<Partial<Record<Role, readonly string[]>>>({});
  #estimate = $state.raw<{ key: string; value: EvaluationEstimate } | null>(null);
  #problem = $state.raw<{ key: string; value: Problem } | null>(null);
  #measuring = $state<string | null>(null);
  datasetId = $state('');
  split = $state<DatasetSplit>('test');
  /** Most questions that are asked; null: all of the part. */
  questions = $state<number | null>(FIRST_QUESTIONS);
  withoutRetrieval = $state(false);
  /** Of the comparison that this one goes on from: then the same questions are drawn. */
  #seed = $state<number>();
  /** Key of an answer model, '' for none. */
  judge = $state('');
  settings = $state.raw<Readonly<Record<string, unknown>>>({});

  constructor(workspaceId: string, options: PipelineOptions) {
    this.#workspaceId = workspaceId;
    this.#options = options;
  }

  readonly configurations = $derived.by(() => {
    const { embedders, rerankers, generators } = this.#options;
    return allCombinations({
      embedders: named(this.chosen('embedder'), embedders).filter((model) => model !== null),
      rerankers: named(this.chosen('reranker'), rerankers),
      generators: named(this.chosen('generator'), generators),
      withoutRetrieval: this.withoutRetrieval,
    });
  });
  readonly request = $derived.by((): EvaluationRequest | null => {
    const { configurations } = this;
    if (!this.datasetId || configurations.length === 0 || configurations.length > MOST_CONFIGURATIONS) return null;
    const judge = this.#options.generators.find(({ key }) => key === this.judge);
    return {
      workspaceId: this.#workspaceId,
      datasetId: this.datasetId,
      split: this.split,
      ...(this.questions !== null && { questions: this.questions }),
      ...(this.#seed !== undefined && { seed: this.#seed }),
      configurations,
      settings: this.settings,
      ...(judge && this.answers && { judge: judge.model }),
    };
  });
  readonly #key = $derived.by(() => (this.request ? JSON.stringify(this.request) : ''));

  /** Whether any answers are written: only then there is something to judge. */
  get answers(): boolean {
    return this.chosen('generator').some((key) => key !== NONE);
  }
  /** Of the request as it stands; null until it was asked for. */
  get estimate(): EvaluationEstimate | null {
    return this.#estimate?.key === this.#key ? this.#estimate.value : null;
  }
  get problem(): Problem | null {
    return this.#problem?.key === this.#key ? this.#problem.value : null;
  }
  get measuring(): boolean {
    return this.#measuring !== null && this.#measuring === this.#key;
  }

  /** Keys of what is compared in a place of the pipeline. */
  chosen(role: Role): readonly string[] {
    return this.#chosen[role] ?? this.#proposed(role);
  }

  toggle(role: Role, key: string, on: boolean): void {
    const others = this.chosen(role).filter((other) => other !== key);
    this.#chosen = { ...this.#chosen, [role]: on ? [...others, key] : others };
  }

  /** The questions, models and settings of another comparison: what it computed is known, so models added to it are all that is computed. */
  startFrom(other: EvaluationRow): void {
    const { configurations, settings, judge, seed } = other;
    const keys = (role: Role) => [...new Set(configurations.map(({ [role]: model }) => (model ? keyOf(model) : NONE)))];
    const isBlind = ({ embedder, generator }: PipelineConfiguration) => embedder === null && generator !== null;
    this.datasetId = other.datasetId;
    this.split = other.split;
    this.questions = other.exampleIds.length;
    this.#seed = seed;
    this.settings = settings;
    this.judge = judge ? keyOf(judge) : '';
    this.withoutRetrieval = configurations.some(isBlind);
    this.#chosen = {
      embedder: keys('embedder').filter((key) => key !== NONE),
      reranker: keys('reranker'),
      generator: keys('generator'),
    };
  }

  set(key: string, value: unknown): void {
    const { [key]: _, ...others } = this.settings;
    this.settings = value === undefined ? others : { ...others, [key]: value };
  }

  /** The part that is locked away for this where it has questions, else the one that checks runs. */
  chooseDataset(row: DatasetRow): void {
    this.datasetId = row.id;
    if (row.counts[this.split] === 0) this.split = row.counts.test > 0 ? 'test' : 'validation';
  }

  /** What the request as it stands would take. A newer question replaces one that is under way. */
  async measure(): Promise<void> {
    const { request } = this;
    const key = this.#key;
    if (!request || this.estimate || this.measuring) return;
    this.#measuring = key;
    try {
      this.#estimate = { key, value: await evaluation.estimate($state.snapshot(request) as EvaluationRequest) };
    } catch (error) {
      if (isAbort(error)) return;
      console.error(error);
      this.#problem = { key, value: toProblem(error) };
    } finally {
      if (this.#measuring === key) this.#measuring = null;
    }
  }

  /** As it is and tuned: the adapter in force, else the newest one. */
  #proposed(role: Role): readonly string[] {
    const all = this.#options[`${role}s`];
    const inForce = all.find(({ model }) => model.adapterId && adaptersInForce.chosen[role] === model.adapterId);
    const tuned = inForce ?? all.find((option) => option.tuned);
    const base = all.find((option) => !option.tuned && (!tuned || option.model.modelId === tuned.model.modelId));
    // A ranking model that was tuned is first of all compared with none.
    const keys = [role === 'reranker' ? undefined : base, tuned].flatMap((option) => (option ? [option.key] : []));
    if (role === 'embedder') return keys;
    return role === 'reranker' || keys.length === 0 ? [NONE, ...keys] : keys;
  }
}

function named(keys: readonly string[], options: readonly PipelineOption[]): (NamedModel | null)[] {
  return [
    ...(keys.includes(NONE) ? [null] : []),
    // In the order in which they are offered, so that the first row is the model as it is.
    ...options.filter(({ key }) => keys.includes(key)).map(({ model, label }) => ({ ...model, name: label })),
  ];
}
