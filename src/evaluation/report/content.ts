import type { EvaluationScoreRow, ExampleRow, PipelineConfiguration, PipelineModel } from '../../storage/schema.ts';
import { recommend, type Recommendation } from '../advice/recommend.ts';
import { ANSWERED, FOUND, partKind, PARTS, startOf, type Part } from '../advice/steps.ts';
import { summarySentence } from '../advice/summary.ts';
import { hostedCost, money } from '../costs/hosted-cost.ts';
import { describeMetric, type MetricDescription } from '../metrics/catalogue.ts';
import type { Difference, MatrixTable } from '../table/contract.ts';
import { cellOf } from '../table/look-up.ts';
import type { ReportInput } from './contract.ts';
import { chooseSamples, sampleMetric, type Sample } from './samples.ts';

/** What all forms of a report say, in words and in order; the forms only differ in how they set it. */
export interface ReportContent {
  title: string;
  /** "2026-11-30 01:10 UTC" */
  date: string;
  /** '' when nothing tuned was compared. */
  summary: string;
  recommendation: Recommendation;
  rows: MatrixRow[];
  /** Tables of the matrix, one a group. Rows that a group cannot tell apart are one: `parts` 2 says that answers do not count. */
  groups: { title: string; metrics: MetricDescription[]; rows: MatrixRow[]; parts: number }[];
  /** Differences by metric, those that are shown as plots. */
  plots: { metric: MetricDescription; differences: { label: string; difference: Difference }[] }[];
  failures: { row: MatrixRow; counts: number[]; n: number }[];
  effort: { columns: string[]; rows: { row: MatrixRow; values: string[] }[] };
  samples: Sample[];
}

export interface MatrixRow {
  configuration: PipelineConfiguration;
  /** Search, ranking, answers: "base", "tuned", "none". */
  parts: [string, string, string];
  /** "tuned search, no ranking, base answers" */
  label: string;
}

/** In the order in which things go wrong, 'right' first. */
export const OUTCOMES = [
  { key: undefined, label: 'Right' },
  { key: 'notRetrieved', label: 'Not found' },
  { key: 'rankedLow', label: 'Found, too low' },
  { key: 'wrongFromRight', label: 'Wrong from right passage' },
  { key: 'unsupported', label: 'Unsupported' },
  { key: 'refused', label: 'Declined' },
] as const;

export const PART_NAMES: Record<Part, string> = { embedder: 'Search', reranker: 'Ranking', generator: 'Answers' };

/** Metrics of the tables by group, those that were measured; every other number is in CSV and JSON. */
const SHOWN: readonly [title: string, metrics: readonly string[]][] = [
  ['Finding the right passage', ['recall@1', 'hit@5', 'recall@5', 'recall@10', 'ndcg@10', 'mrr']],
  ['Answers against the reference', ['exactMatch', 'tokenF1', 'rougeL', 'chrf', 'similarity']],
  ['Citations and refusals', ['citationPrecision', 'citationRecall', 'refusalAccuracy', 'falseRefusal']],
  ['Answers in the eyes of the judge', ['correctness', 'faithfulness', 'answerRelevance', 'contextRelevance']],
];

export function reportContent(input: ReportInput): ReportContent {
  const { evaluation, table, scores, createdAt } = input;
  const rows = matrixRows(input);
  return {
    title: evaluation.name,
    date: `${new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    summary: summarySentence(table),
    recommendation: recommend({
      table,
      scores,
      ...(input.learningCurve && { learningCurve: input.learningCurve }),
    }),
    rows,
    groups: SHOWN.flatMap(([title, keys]) => {
      const metrics = described(table, keys);
      const measured = rows.filter(({ configuration }) =>
        metrics.some(({ key }) => cellOf(table, configuration.id, key)),
      );
      const parts = metrics.every(({ group }) => group === 'retrieval') ? 2 : PARTS.length;
      return measured.length === 0 ? [] : [{ title, metrics, rows: distinct(measured, parts), parts }];
    }),
    plots: plots(table, rows),
    failures: failures(rows, scores),
    effort: effort(input, rows),
    samples: samplesOf(input, rows),
  };
}

/** The question's rows by configuration, for samples and tables by question. */
function samplesOf({ table, scores, examples }: ReportInput, rows: readonly MatrixRow[]): Sample[] {
  const metric = sampleMetric(table);
  const start = startOf(table.configurations);
  if (!metric || !start) return [];
  const mean = ({ id }: PipelineConfiguration) => cellOf(table, id, metric)?.mean ?? -Infinity;
  const best = table.configurations.toSorted((a, b) => mean(b) - mean(a))[0]!;
  const compared = rows.filter(({ configuration }) => configuration.id === start.id || configuration.id === best.id);
  return chooseSamples(
    { metric, compared: [start.id, best.id] },
    compared.map(({ configuration, label }) => ({ id: configuration.id, label })),
    scores,
    new Map(examples.map((example): [string, ExampleRow] => [example.id, example])),
  );
}

function matrixRows({ table, adapters }: ReportInput): MatrixRow[] {
  const names = new Map(adapters.map(({ id, name }) => [id, name]));
  // Named only where the word alone would not tell two rows apart.
  const several = (part: Part, of: (model: PipelineModel) => string | null | undefined) =>
    new Set(table.configurations.flatMap((one) => (one[part] ? (of(one[part]) ?? []) : []))).size > 1;
  return table.configurations.map((configuration) => {
    const parts = PARTS.map((part) => {
      const model = configuration[part];
      if (!model) return 'none';
      const named = [
        several(part, ({ modelId }) => modelId) && model.modelId,
        several(part, ({ adapterId }) => adapterId) &&
          model.adapterId &&
          (names.get(model.adapterId) ?? model.adapterId),
      ].filter(Boolean);
      return [partKind(model), ...named].join(' ');
    }) as MatrixRow['parts'];
    return { configuration, parts, label: parts.map((text, i) => partWords(i, text)).join(', ') };
  });
}

/** The first of the rows that are alike in their first `parts`. */
function distinct(rows: readonly MatrixRow[], parts: number): MatrixRow[] {
  const key = (row: MatrixRow) => row.parts.slice(0, parts).join('\n');
  return rows.filter((row, i) => rows.findIndex((other) => key(other) === key(row)) === i);
}

function described(table: MatrixTable, keys: readonly string[]): MetricDescription[] {
  // A single needed passage makes hit rate and recall the same: one column says it.
  const same = (a: string, b: string) =>
    table.configurations.every(({ id }) => cellOf(table, id, a)?.mean === cellOf(table, id, b)?.mean);
  return keys
    .filter((key) => table.metrics.includes(key))
    .filter((key) => !(key === 'hit@5' && table.metrics.includes('recall@5') && same('hit@5', 'recall@5')))
    .flatMap((key) => describeMetric(key) ?? []);
}

function plots(table: MatrixTable, rows: readonly MatrixRow[]): ReportContent['plots'] {
  const main = [FOUND, ['correctness'], ANSWERED.slice(1)].flatMap(
    (keys) => keys.find((key) => table.metrics.includes(key)) ?? [],
  );
  return main.flatMap((key) => {
    const metric = describeMetric(key);
    if (!metric) return [];
    const shown = distinct(rows, metric.group === 'retrieval' ? 2 : PARTS.length).map(
      ({ configuration }) => configuration.id,
    );
    const differences = table.differences
      .filter(({ metric, from, to }) => metric === key && shown.includes(from) && shown.includes(to))
      .map((difference) => ({ label: changeLabel(difference, rows, metric.group === 'retrieval'), difference }));
    return differences.length > 0 ? [{ metric, differences }] : [];
  });
}

/**
 * What changes, and what stays as it is: "Search base → tuned, with no ranking, base answers".
 *
 * @param searchOnly leave out the answer model, which no ranking depends on
 */
function changeLabel(
  { from, to }: Pick<Difference, 'from' | 'to'>,
  rows: readonly MatrixRow[],
  searchOnly: boolean,
): string {
  const [a, b] = [from, to].map((id) => rows.find(({ configuration }) => configuration.id === id)!);
  const places = PARTS.map((_, i) => i).filter((i) => !searchOnly || PARTS[i] !== 'generator');
  const changes = places
    .filter((i) => a!.parts[i] !== b!.parts[i])
    .map((i) => `${PART_NAMES[PARTS[i]!].toLowerCase()} ${a!.parts[i]} → ${b!.parts[i]}`);
  const same = places.filter((i) => a!.parts[i] === b!.parts[i]).map((i) => partWords(i, a!.parts[i]!));
  const text = changes.join(', ');
  return [text.charAt(0).toUpperCase() + text.slice(1), ...(same.length > 0 ? [`with ${same.join(', ')}`] : [])].join(
    ', ',
  );
}

/** "tuned search", "no ranking" */
function partWords(place: number, text: string): string {
  return `${text === 'none' ? 'no' : text} ${PART_NAMES[PARTS[place]!].toLowerCase()}`;
}

function failures(rows: readonly MatrixRow[], scores: readonly EvaluationScoreRow[]): ReportContent['failures'] {
  return rows.flatMap((row) => {
    const own = scores.filter(({ configurationId }) => configurationId === row.configuration.id);
    if (own.length === 0) return [];
    const counts = OUTCOMES.map(({ key }) => own.filter(({ failure }) => failure === key).length);
    return [{ row, counts, n: own.length }];
  });
}

function effort({ table, prices }: ReportInput, rows: readonly MatrixRow[]): ReportContent['effort'] {
  const listed = prices?.prices ?? [];
  const columns = ['Seconds per question', 'Tokens/s', 'Tokens read', 'Tokens written', 'Memory'];
  const body = rows.flatMap((row) => {
    const mean = (metric: string) => cellOf(table, row.configuration.id, metric)?.mean;
    const [seconds, speed, prompt, output, memory] = [
      ...[mean('seconds'), mean('tokensPerSecond'), mean('promptTokens'), mean('outputTokens'), mean('memory')],
    ];
    if ([seconds, speed, prompt, output, memory].every((value) => value === undefined)) return [];
    const values = [
      seconds?.toFixed(2),
      speed?.toFixed(1),
      prompt?.toFixed(0),
      output?.toFixed(0),
      memory === undefined ? undefined : `${memory.toFixed(0)} MB`,
      ...listed.map((price) =>
        prompt === undefined || output === undefined
          ? undefined
          : money(hostedCost(price, { prompt, output }), prices!.currency),
      ),
    ].map((value) => value ?? '–');
    return [{ row, values }];
  });
  return { columns: [...columns, ...listed.map(({ model }) => `${model}, 1,000 questions`)], rows: body };
}
