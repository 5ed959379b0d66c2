import type { EvaluationFigures } from '../../../../evaluation/figures/contract.ts';
import type { Cell } from '../../../../evaluation/table/contract.ts';
import type { EvaluationRow, PipelineConfiguration, PipelineModel } from '../../../../storage/schema.ts';
import type { ModelDescription } from '../../../../models/contract.ts';
import type { AdapterDescription } from '../../../../adapters/contract.ts';
import type { MeasuredSpeed } from '../../models/speeds.svelte.ts';
import type { Role } from '../compare-form.svelte.ts';
import type { PipelineOption } from '../pipeline-options.svelte.ts';

/** A model, with an adapter or without, as a line of the comparison of models. */
export interface Candidate {
  key: string;
  option: PipelineOption;
  /** Of the model, and of the adapter on top of it. */
  bytes?: number;
  adapterBytes?: number;
  contextTokens?: number;
  speed?: { value: number; unit: MeasuredSpeed['unit'] };
  memoryBytes?: number;
  licence?: string;
  /** Its best score among the combinations that it took part in. */
  score?: Cell;
  /** The score leads its metric, as far as the questions can tell. */
  leads?: boolean;
  /** The combination that reached it. */
  configurationId?: string;
}

/** The metric by which the models of a place are told apart, of those that were measured. */
export function metricFor(role: Role, available: readonly string[]): string | undefined {
  const wanted =
    role === 'generator' ? ['correctness', 'tokenF1', 'exactMatch'] : ['recall@5', 'recall@1', 'mrr', 'ndcg@10'];
  return wanted.find((key) => available.includes(key));
}

export interface CandidateSources {
  models: readonly ModelDescription[];
  adapters: readonly AdapterDescription[];
  speedOf: (modelId: string) => MeasuredSpeed | undefined;
  /** The comparison whose scores are shown; absent: none was made. */
  compared?: { evaluation: EvaluationRow; figures: EvaluationFigures };
}

/** Everything that is known of the models of one place. */
export function candidatesOf(role: Role, options: readonly PipelineOption[], sources: CandidateSources): Candidate[] {
  const { models, adapters, speedOf, compared } = sources;
  const metric = compared && metricFor(role, compared.figures.table.metrics);
  return options.map((option): Candidate => {
    const { modelId, adapterId } = option.model;
    const model = models.find(({ id }) => id === modelId);
    const adapter = adapters.find(({ id }) => id === adapterId);
    const measured = speedOf(modelId);
    const used = compared?.evaluation.configurations.filter((one) => isPart(one[role], option.model)) ?? [];
    const best = metric && compared ? bestCell(compared.figures.table.cells, metric, used) : undefined;
    const machines = used.flatMap(({ id }) => compared?.evaluation.machines?.[id] ?? []);
    const memoryBytes =
      role === 'generator'
        ? (machines.find((one) => one.memoryBytes)?.memoryBytes ?? measured?.memoryBytes)
        : undefined;
    const speed = speedIn(role, used, compared) ?? measured;
    return {
      key: option.key,
      option,
      ...(model && { bytes: model.bytes, licence: model.licence }),
      ...(adapter && { adapterBytes: adapter.bytes }),
      ...(measured?.contextTokens && { contextTokens: measured.contextTokens }),
      ...(speed && { speed: { value: speed.value, unit: speed.unit } }),
      ...(memoryBytes && { memoryBytes }),
      ...(best && {
        score: best,
        leads: compared!.figures.table.leaders[best.metric]?.includes(best.configurationId) ?? false,
        configurationId: best.configurationId,
      }),
    };
  });
}

function isPart(part: PipelineModel | null, wanted: PipelineModel): boolean {
  return part?.modelId === wanted.modelId && (part.adapterId ?? null) === (wanted.adapterId ?? null);
}

function bestCell(cells: readonly Cell[], metric: string, used: readonly PipelineConfiguration[]): Cell | undefined {
  const ids = new Set(used.map(({ id }) => id));
  const own = cells.filter((cell) => cell.metric === metric && ids.has(cell.configurationId));
  return own.toSorted((a, b) => b.mean - a.mean)[0];
}

/** How fast it wrote while it was compared: nearer to daily use than a measurement of its own. */
function speedIn(role: Role, used: readonly PipelineConfiguration[], compared: CandidateSources['compared']) {
  if (role !== 'generator' || !compared) return undefined;
  const ids = new Set(used.map(({ id }) => id));
  const value = compared.figures.summaries.find(
    ({ configurationId, tokensPerSecond }) => ids.has(configurationId) && tokensPerSecond !== undefined,
  )?.tokensPerSecond;
  return value === undefined ? undefined : { value, unit: 'tokens/s' as const };
}
