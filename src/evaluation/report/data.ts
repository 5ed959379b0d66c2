import { partKind } from '../advice/steps.ts';
import { summarySentence } from '../advice/summary.ts';
import { adapterCards, datasetCard, methodCard, type Card } from './cards.ts';
import type { ReportInput } from './contract.ts';

/**
 * Every number of the report as a spreadsheet reads it, a number a line: means, differences and the score of each
 * question. Full precision, a dot for the decimals.
 */
export function reportCsv({ table, scores, examples }: ReportInput): string {
  const names = new Map(table.configurations.map(({ id, name }) => [id, name]));
  const name = (id: string) => names.get(id) ?? id;
  const questions = new Map(examples.map(({ id, question }) => [id, question]));
  const lines: (string | number | undefined)[][] = [
    ['kind', 'configuration', 'compared with', 'metric', 'value', 'low', 'high', 'n', 'p', 'adjusted p', 'question'],
    ...table.cells.map(({ configurationId, metric, mean, low, high, n }) => [
      ...['mean', name(configurationId), '', metric, mean, low, high, n],
    ]),
    ...table.differences.map(({ from, to, metric, mean, low, high, n, p, adjustedP }) => [
      ...['difference', name(to), name(from), metric, mean, low, high, n, p, adjustedP],
    ]),
    ...scores.flatMap(({ configurationId, exampleId, scores }) =>
      Object.entries(scores).map(([metric, value]) => [
        ...['question', name(configurationId), '', metric, value, '', '', '', '', ''],
        questions.get(exampleId) ?? exampleId,
      ]),
    ),
  ];
  const width = lines[0]!.length;
  return `${lines.map((line) => Array.from({ length: width }, (_, i) => field(line[i])).join(',')).join('\r\n')}\r\n`;
}

/** Every number and every answer as JSON. */
export function reportJson(input: ReportInput): string {
  const { evaluation, dataset, table, scores, examples, prices, versions, createdAt } = input;
  const questions = new Map(examples.map(({ id, question, answer }) => [id, { question, reference: answer }]));
  return `${JSON.stringify(
    {
      format: 'attune-report',
      version: 1,
      name: evaluation.name,
      createdAt: new Date(createdAt).toISOString(),
      seed: evaluation.seed,
      data: {
        questions: evaluation.exampleIds.length,
        split: evaluation.split,
        hash: evaluation.datasetHash,
        ...dataset?.counts,
      },
      summary: summarySentence(table),
      configurations: table.configurations.map((configuration) => {
        const { id, name, embedder, reranker, generator } = configuration;
        const own = table.cells.filter(({ configurationId }) => configurationId === id);
        return {
          ...{ id, name, embedder: partKind(embedder), reranker: partKind(reranker), generator: partKind(generator) },
          models: { embedder, reranker, generator },
          metrics: Object.fromEntries(
            own.map(({ metric, mean, low, high, n }) => [metric, { value: mean, low, high, n }]),
          ),
        };
      }),
      differences: table.differences.map(({ mean, ...difference }) => ({ ...difference, value: mean })),
      questions: scores.map(({ configurationId, exampleId, scores, rank, answer, failure, judgement }) => ({
        ...{ configuration: configurationId, id: exampleId, ...questions.get(exampleId) },
        ...{ scores, rank, answer, failure, judgement },
      })),
      cards: [datasetCard(input), ...adapterCards(input), methodCard(input)].map(cardObject),
      prices,
      versions,
    },
    null,
    1,
  )}\n`;
}

function cardObject({ title, facts }: Card): object {
  return { title, ...Object.fromEntries(facts) };
}

/** A leading sign of a formula would be run by a spreadsheet: a quote before it keeps it text. Numbers are left alone. */
function field(value: string | number | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
