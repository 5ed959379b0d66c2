import type { DatasetRow, ExampleRow } from '../../storage/schema.ts';
import type { ExportFormat, ExportOptions } from '../contract.ts';
import { inUse } from '../in-use.ts';
import { isRuleOn, QUALITY_RULES, RULE_KEYS, ruleKnobs, splitValues } from '../settings.ts';

const ORIGINS: Record<string, string> = {
  writer: 'written by the question writer',
  engine: 'written by a language model',
  extracted: 'taken from the text by rules',
  imported: 'imported',
  chat: 'from rated or corrected answers',
  recorded: 'recorded from a teacher model',
  labelled: 'written by people',
};

/** What each format holds of a row, and what it has no place for. */
const CONTENTS: Record<ExportFormat, string> = {
  native:
    'Every row with all that is known of it, in `examples.jsonl`; `dataset.json` says how it was made. Attune reads it back without a loss.',
  chat: 'OpenAI messages: the passage in the system turn, the question, and the answer with its reason in a `<think>` block. Not in it: documents, headings, kinds, negatives.',
  alpaca:
    '`instruction` (question), `input` (passage), `output` (answer with its reason in a `<think>` block). Not in it: documents, headings, kinds, negatives.',
  sharegpt:
    'ShareGPT conversations: the passage in the system turn, the question, and the answer with its reason in a `<think>` block. Not in it: documents, headings, kinds, negatives.',
  raft: 'RAFT: the right passage among wrong ones, and the answer behind its reason. Passages that the rows did not name are drawn from the same part. Headings stand above their passage. Not in it: kinds.',
  pairs: '`anchor` (question) and `positive` (passage). Not in it: answers, documents, headings, kinds, negatives.',
  triplets:
    '`anchor` (question), `positive` and `negative` (passages), a line for each negative; rows without one got a passage of another document of their part. Headings stand above their passage. Not in it: answers, documents, kinds.',
};

/** A data set in words, after the data cards of Pushkarna, Zaldivar, Kjartansson 2022: what it is, and how it was made. */
export function dataCard(dataset: DatasetRow, all: readonly ExampleRow[], options: ExportOptions): string {
  const rows = all.filter(inUse);
  const { format } = options;
  const licence = dataset.licence || undefined;
  const documents = new Set(rows.map(({ documentKey }) => documentKey)).size;
  const sections = [
    `---\npretty_name: ${JSON.stringify(dataset.name)}\nlicense: ${JSON.stringify(licence ?? 'unknown')}\ntask_categories:\n- question-answering\n- text-retrieval\n---`,
    `# ${dataset.name}`,
    `${rows.length} questions on ${documents} documents, ${dataset.source}. Hash of the rows in use: \`${dataset.hash}\`.`,
    `## Rows\n\n${table(['Part', 'Questions'], Object.entries(dataset.counts))}`,
    countTable('Kind', rows, ({ kind }) => kind ?? 'not stated'),
    countTable('Origin', rows, ({ provenance }) => ORIGINS[provenance?.origin ?? ''] ?? 'not stated'),
    countTable('Generator', rows, ({ provenance }) => provenance?.generator),
    `## Quality\n\n${qualityOf(dataset, all)}`,
    `## Split\n\n${splitOf(dataset)}`,
    `## Licence\n\n${licence ?? 'Not stated. The passages are copies of documents, whose licence holds for them.'}`,
    `## Files\n\n${CONTENTS[format]}\n\n${loading(format)}`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function qualityOf({ rules }: DatasetRow, all: readonly ExampleRow[]): string {
  const rejected = all.filter(({ review }) => review === 'rejected').length;
  const accepted = all.filter(({ review }) => review === 'accepted').length;
  const people = `${accepted} rows were accepted and ${rejected} rejected by a person.`;
  if (!all.some(({ quality }) => quality)) return `No rule has looked at the rows. ${people}`;
  const lines = RULE_KEYS.map((key) => {
    const removed = all.filter((row) => row.removedBy === key && row.review !== 'accepted').length;
    const failed = all.filter(({ quality }) =>
      quality?.findings.some(({ rule, verdict }) => rule === key && verdict === 'failed'),
    ).length;
    const knobs = Object.entries(ruleKnobs(rules, key)).map(([knob, value]) => `${knob} ${JSON.stringify(value)}`);
    return [QUALITY_RULES[key].label, isRuleOn(rules, key) ? 'on' : 'off', failed, removed, knobs.join(', ')];
  });
  return `${people}\n\n${table(['Rule', '', 'Failed', 'Taken out', 'Settings'], lines)}`;
}

function splitOf(dataset: DatasetRow): string {
  const { by, validationShare, testShare, seed } = splitValues(dataset);
  if (dataset.split?.['by'] === 'file') return 'As the file said that it was imported from.';
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return `By ${by}: no ${by} lies in two parts. Validation ${percent(validationShare)}, test ${percent(testShare)}, seed ${seed}. Nothing may be trained, mined or selected on the part \`test\`.`;
}

function loading(format: ExportFormat): string {
  const files =
    format === 'native'
      ? '"examples.jsonl"'
      : '{"train": "train.jsonl", "validation": "validation.jsonl", "test": "test.jsonl"}';
  return `\`\`\`python\nfrom datasets import load_dataset\n\nrows = load_dataset("json", data_files=${files})\n\`\`\``;
}

function countTable(what: string, rows: readonly ExampleRow[], of: (row: ExampleRow) => string | undefined): string {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = of(row);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts.size === 0
    ? ''
    : table(
        [what, 'Questions'],
        [...counts].sort((a, b) => b[1] - a[1]),
      );
}

function table(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n');
}
