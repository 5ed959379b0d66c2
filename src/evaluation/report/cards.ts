import type { AdapterRow, RunRow } from '../../storage/schema.ts';
import type { ReportInput } from './contract.ts';

/** A card: a heading with facts, label and value. */
export interface Card {
  title: string;
  facts: [label: string, value: string][];
}

/** What the data set is, where it came from and which part was asked. */
export function datasetCard({ dataset, evaluation, examples }: ReportInput): Card {
  const tally = (of: (example: (typeof examples)[number]) => string | undefined) => {
    const counts = new Map<string, number>();
    for (const example of examples) {
      const key = of(example);
      if (key) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([key, n]) => `${n} ${key}`)
      .join(', ');
  };
  const parts = Object.entries(dataset?.counts ?? {}).map(([part, n]) => `${n} ${part}`);
  return {
    title: `Data set: ${dataset?.name ?? evaluation.datasetId}`,
    facts: known([
      ['Source', dataset?.source],
      ['Licence', dataset?.licence],
      ['Questions by part', parts.join(', ')],
      ['Asked', `${evaluation.exampleIds.length} of the part ${evaluation.split}`],
      ['Kinds of question', tally(({ kind }) => kind)],
      ['Written by', tally(({ provenance }) => provenance?.origin)],
      ['Languages', tally(({ language }) => language)],
      ['Documents asked about', String(new Set(examples.map(({ documentKey }) => documentKey)).size || '')],
      [
        'Passages searched',
        evaluation.passageCount === undefined ? undefined : evaluation.passageCount.toLocaleString('en'),
      ],
      ['Version', dataset?.version === undefined ? undefined : String(dataset.version)],
      ['Seed of the split', dataset?.seed === undefined ? undefined : String(dataset.seed)],
      ['SHA-256', evaluation.datasetHash],
      [
        'Changed since',
        dataset && dataset.hash !== evaluation.datasetHash ? 'yes: the data set has another hash now' : undefined,
      ],
    ]),
  };
}

/** What each adapter in the configurations is and how it came about. */
export function adapterCards({ adapters, runs, evaluation }: ReportInput): Card[] {
  const used = new Set(
    evaluation.configurations.flatMap(({ embedder, reranker, generator }) =>
      [embedder, reranker, generator].flatMap((model) => model?.adapterId ?? []),
    ),
  );
  return adapters
    .filter(({ id }) => used.has(id))
    .map((adapter) => ({ title: `Adapter: ${adapter.name}`, facts: adapterFacts(adapter, runOf(adapter, runs)) }));
}

function adapterFacts(adapter: AdapterRow, run: RunRow | undefined): Card['facts'] {
  const scores = adapter.scores.map(
    ({ name, base, tuned }) => `${name} ${base === undefined ? '' : `${base.toFixed(3)} → `}${tuned.toFixed(3)}`,
  );
  return known([
    ['What it does', adapter.description],
    ['Base model', adapter.modelName],
    ['Tunes', adapter.task],
    ['Form', adapter.rank > 0 ? `LoRA, rank ${adapter.rank}, alpha ${adapter.alpha}` : undefined],
    ['Changes', adapter.targets.join(', ')],
    ['Licence', [adapter.baseLicence, adapter.dataLicence].filter(Boolean).join('; data: ')],
    ['Source', adapter.source],
    ['In its training', scores.join('; ')],
    ['Trained on data set', adapter.datasetHash],
    [
      'Run',
      run &&
        `${run.name}, seed ${run.seed}, ${run.step} of ${run.steps} steps in ${run.seconds.toFixed(0)} s on ${run.device}`,
    ],
    ['Settings of the run', run && settingsText(run.settings)],
    ['SHA-256', adapter.sha256],
  ]);
}

/** Seeds, settings, devices and versions: what is needed to make the same figures again. */
export function methodCard({ evaluation, versions }: ReportInput): Card {
  const machines = new Set(
    Object.values(evaluation.machines ?? {}).flatMap(({ search, answer }) => [search, answer].filter(Boolean)),
  );
  return {
    title: 'Seeds, settings and versions',
    facts: known([
      ['Seed', String(evaluation.seed)],
      ['Settings', settingsText(evaluation.settings) || 'defaults'],
      ['Judge', evaluation.judge?.modelId ?? 'none'],
      ['Device', [evaluation.device, ...machines].filter(Boolean).join('; ')],
      ['Time', `${evaluation.seconds.toFixed(0)} s`],
      ...Object.entries(versions),
      ['Evaluation', evaluation.id],
    ]),
  };
}

function runOf({ id, runId }: AdapterRow, runs: readonly RunRow[]): RunRow | undefined {
  return runs.find((run) => run.id === runId || run.adapterId === id);
}

function settingsText(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

function known(facts: readonly (readonly [string, string | undefined])[]): Card['facts'] {
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '');
}
