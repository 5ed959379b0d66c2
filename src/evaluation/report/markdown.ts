import { describeMetric } from '../metrics/catalogue.ts';
import type { MatrixTable } from '../table/contract.ts';
import { cellOf } from '../table/look-up.ts';
import { changeText, pText, valueText } from '../table/words.ts';
import { adapterCards, datasetCard, methodCard, type Card } from './cards.ts';
import { OUTCOMES, reportContent, type MatrixRow, type ReportContent } from './content.ts';
import type { ReportInput } from './contract.ts';
import { sampleMetric, type Sample } from './samples.ts';
import { STATISTICS } from './statistics.ts';

/** The report as Markdown (GitHub's tables), with everything that the page has but its plots. */
export function reportMarkdown(input: ReportInput): string {
  const content = reportContent(input);
  const { table } = input;
  const { title, date, summary, recommendation, failures, effort } = content;
  const sections = [
    `# ${escape(title)}`,
    `${date} · ${input.evaluation.exampleIds.length} questions, part ${input.evaluation.split} · ${table.configurations.length} combinations`,
    summary && `**${escape(summary)}**`,
    `${escape(recommendation.headline)}\n\n${recommendation.reasons.map((reason) => `- ${escape(reason)}`).join('\n')}`,
    '## Scores of each combination',
    'Mean over the questions with its 95 % interval; bold are the best of a column and those that these questions cannot tell from it.',
    ...content.groups.flatMap(({ title, metrics, rows, parts }) => [
      `### ${title}`,
      tableOf(
        [...HEAD.slice(0, parts), ...metrics.map(({ term }) => term)],
        rows.map((row) => [...row.parts.slice(0, parts), ...metrics.map(({ key }) => valueCell(table, row, key))]),
      ),
    ]),
    ...differences(content),
    failures.length > 0 && '## Where questions are lost',
    failures.length > 0 &&
      tableOf(
        [...HEAD, ...OUTCOMES.map(({ label }) => label)],
        failures.map(({ row, counts }) => [...row.parts, ...counts.map(String)]),
      ),
    effort.rows.length > 0 && '## Time and cost',
    effort.rows.length > 0 &&
      tableOf(
        [...HEAD, ...effort.columns],
        effort.rows.map(({ row, values }) => [...row.parts, ...values]),
      ),
    ...samples(content.samples, input),
    '## What was measured, and with what',
    ...[datasetCard(input), ...adapterCards(input), methodCard(input)].map(card),
    '### How to read the numbers',
    [...table.metrics.flatMap((key) => describeMetric(key) ?? []), ...STATISTICS]
      .map(({ term, help }) => `- **${term}**: ${help}`)
      .join('\n'),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

const HEAD = ['Search', 'Ranking', 'Answers'];

function valueCell(table: MatrixTable, { configuration }: MatrixRow, metric: string): string {
  const cell = cellOf(table, configuration.id, metric);
  if (!cell) return '–';
  const value = valueText(metric, cell.mean);
  const marked = table.leaders[metric]?.includes(configuration.id) ? `**${value}**` : value;
  return `${marked} (${valueText(metric, cell.low)} to ${valueText(metric, cell.high)})`;
}

function differences({ plots }: ReportContent): string[] {
  if (plots.length === 0) return [];
  const tables = plots.flatMap(({ metric, differences }) => [
    `### ${metric.label} (${metric.term})`,
    tableOf(
      ['Change', 'Difference', '95 % interval', 'p (Holm)', 'Significant', 'Questions'],
      differences.map(({ label, difference: { mean, low, high, adjustedP, significant, n } }) => [
        label,
        changeText(metric.key, mean),
        `${changeText(metric.key, low)} to ${changeText(metric.key, high)}`,
        pText(adjustedP),
        significant ? 'yes' : 'no',
        String(n),
      ]),
    ),
  ]);
  return ['## Differences', ...tables];
}

function samples(chosen: readonly Sample[], { table }: ReportInput): string[] {
  const metric = sampleMetric(table);
  if (!metric || chosen.length === 0) return [];
  const term = describeMetric(metric)?.term ?? metric;
  const text = chosen.map(({ why, question, reference, answers }) =>
    [
      `### ${escape(question)} (${why})`,
      reference && `Reference: ${escape(reference)}`,
      ...answers.map(({ label, answer, score, rank, passage, reason }) =>
        [
          `- **${escape(label)}**: ${escape(answer ?? passage ?? '') || '(no answer)'}`,
          `  ${term} ${valueText(metric, score)}, ${rank === undefined ? 'right passage not found' : `right passage at place ${rank}`}`,
          ...(reason ? [`  ${escape(reason)}`] : []),
        ].join('  \n'),
      ),
    ]
      .filter(Boolean)
      .join('\n\n'),
  );
  return ['## Questions side by side', ...text];
}

function card({ title, facts }: Card): string {
  return `### ${escape(title)}\n\n${facts.map(([label, value]) => `- ${escape(label)}: ${escape(value)}`).join('\n')}`;
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A document's text on one line, none of it read as Markdown or HTML. */
function escape(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>#]/g, '\\$&')
    .trim();
}
