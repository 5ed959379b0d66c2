import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import type { DemoState } from '../../src/demo/contract.ts';
import type { AdapterRow, DatasetRow, DocumentRow, JobRow, SettingRow } from '../../src/storage/schema.ts';
import type { DemoArguments, Part } from './arguments.ts';
import { rowsOf } from './table-rows.ts';
import type { DemoDocument, DemoQuestions } from './inputs.ts';
import { leftOut } from './left-out.ts';
import { withParts } from './parts.ts';
import { until, watching } from './until.ts';

/** What is chosen in the picker: its name stands before the paths of all documents. */
const FOLDER = 'documents';
const LABELS: Record<Part, string> = { embedder: 'Search model', reranker: 'Ranking model', generator: 'Answer model' };

/**
 * Adds documents as a person does, by choosing a folder, and waits until all of them are read: questions refer to passages.
 *
 * @param say gets a line for each file that cannot be searched
 * @throws Error when reading fails, or when none of the files can be searched
 */
export async function addDocuments(
  page: Page,
  documents: Iterable<DemoDocument>,
  say: (line: string) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'attune-documents-'));
  const paths: string[] = [];
  try {
    for (const { path, bytes } of documents) {
      const file = join(folder, FOLDER, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      paths.push(`${FOLDER}/${path}`);
    }
    const choosing = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await (await choosing).setFiles(join(folder, FOLDER));
    await until('the reading of the documents', watching(page), () => isRead(page));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const rows = await rowsOf<DocumentRow>(page, 'documents');
  const lines = leftOut(paths, rows);
  if (!rows.some(({ status }) => status === 'ready')) throw new Error(lines[0] ?? 'There is no document to read.');
  for (const line of lines) say(line);
}

/** The job of reading says when it is over: the app keeps no row of a file that it does not take. */
async function isRead(page: Page): Promise<boolean> {
  const job = (await rowsOf<JobRow>(page, 'jobs')).find(({ kind }) => kind === 'ingest');
  if (job?.state === 'failed')
    throw new Error(`${job.problem?.message ?? 'Reading failed.'} ${job.problem?.wayOut ?? ''}`);
  return job !== undefined && job.state !== 'running';
}

/**
 * Imports questions, each document's in one part, and gives the name of the data set.
 *
 * @throws Error with what the app says when it can use none of them
 */
export async function addQuestions(
  page: Page,
  { questions, leftOut: unknown }: DemoQuestions,
  { seed, testShare }: Pick<DemoArguments, 'seed' | 'testShare'>,
  say: (line: string) => void,
): Promise<string> {
  if (unknown > 0)
    say(`Left out: ${unknown} of ${unknown + questions.length} questions, of which a document is missing`);
  await page.goto(new URL('#/datasets', page.url()).href);
  // The whole path: by its name alone, a document would also be one in another folder.
  const lines = withParts(questions, seed, testShare).map(({ documents, ...question }) =>
    JSON.stringify({ ...question, documents: documents.map((path) => `${FOLDER}/${path}`) }),
  );
  await page
    .getByRole('button', { name: /^Import/ })
    .first()
    .click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: /^A file/ }).click();
  await (
    await choosing
  ).setFiles([{ name: 'questions.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(lines.join('\n')) }]);
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Import \d/ })
    .click();
  const { name, counts } = await until(
    'the import of the questions',
    watching(page),
    async () => (await rowsOf<DatasetRow>(page, 'datasets'))[0],
  );
  const left = lines.length - (counts.train + counts.validation + counts.test);
  if (left > 0) say(`Left out: ${left} of ${lines.length} questions, which the app could not use`);
  return name;
}

/** What the form of "Show me" asks for. */
export interface ShowMe extends Pick<DemoArguments, 'tune' | 'minutes' | 'seed' | 'maxQuestions'> {
  /** Name of the data set; absent: questions are written. */
  dataset?: string;
  /** Test questions that are answered too. */
  answers: number;
  /** Names of adapters to compare with the base, by part. */
  adapters: Partial<Record<Part, string>>;
}

/** Fills in the form of "Show me", starts it and follows it to its end. */
export async function showMe(page: Page, args: ShowMe, say: (line: string) => void): Promise<DemoState> {
  await page.goto(new URL('#/demo', page.url()).href);
  for (const [part, label] of Object.entries(LABELS)) {
    await page.getByRole('checkbox', { name: label }).setChecked(args.tune.includes(part as Part));
  }
  await page.getByText('Details', { exact: true }).click();
  if (args.dataset !== undefined) {
    await page.getByRole('combobox', { name: 'Questions' }).selectOption({ label: args.dataset });
  }
  for (const [part, name] of Object.entries(args.adapters)) {
    await page
      .getByRole('combobox', { name: `${LABELS[part as Part]}: adapter to compare` })
      .selectOption({ label: name });
  }
  for (const [label, value] of [
    ['Minutes of tuning', args.minutes],
    ['Test questions', args.maxQuestions],
    ['Questions to answer', args.answers],
    ['Seed', args.seed],
  ] as const) {
    const field = page.getByRole('spinbutton', { name: label, exact: true });
    await field.fill(String(value));
    await field.press('Tab');
  }
  await page.getByRole('button', { name: 'Show me' }).click();
  let told = '';
  return until('the demonstration', watching(page), async () => {
    const rows = await rowsOf<SettingRow>(page, 'settings');
    const demo = rows.find(({ key }) => key.startsWith('demo/'))?.value as DemoState | undefined;
    const job = (await rowsOf<JobRow>(page, 'jobs')).find(({ state }) => state === 'running');
    const line = job ? `${job.title}: ${job.done} of ${job.total} ${job.unit}` : '';
    if (line !== '' && line !== told) say(line);
    told = line || told;
    return demo && demo.state !== 'running' ? demo : undefined;
  });
}

/** Opens an exported workspace as a person does, and waits until it can be searched. */
export async function importWorkspace(page: Page, file: string): Promise<void> {
  await page.goto(new URL('#/settings', page.url()).href);
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Import…' }).click();
  await (await choosing).setFiles(file);
  await until(
    `the import of ${file}`,
    watching(page),
    async () =>
      (await rowsOf<DocumentRow>(page, 'documents')).length > 0 &&
      (await page.getByText(/is imported and open/).count()) > 0,
  );
}

/** Saves the workspace with its adapters, for another machine or for `npm run evaluate`. */
export async function exportWorkspace(page: Page, file: string): Promise<void> {
  await page.goto(new URL('#/settings', page.url()).href);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await (await downloading).saveAs(file);
}

/** Adds a PEFT adapter to the models that it fits. @throws Error with what the app says of it */
export async function addAdapter(page: Page, file: string): Promise<void> {
  await page.goto(new URL('#/models', page.url()).href);
  const before = (await rowsOf(page, 'adapters')).length;
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  const dialog = page.getByRole('dialog');
  const models = dialog.getByRole('combobox', { name: 'It was made for' });
  let problem = '';
  for (const model of await models.getByRole('option').allInnerTexts()) {
    await models.selectOption({ label: model });
    const choosing = page.waitForEvent('filechooser');
    await dialog.getByRole('button', { name: 'Choose a zip or its files' }).click();
    await (await choosing).setFiles(file);
    const added = await until(`the import of ${file}`, watching(page, { alerts: false }), async () => {
      if ((await rowsOf(page, 'adapters')).length > before) return 'yes';
      return (await dialog.getByRole('alert').count()) > 0 ? 'no' : undefined;
    });
    if (added === 'yes') return;
    problem = (await dialog.getByRole('alert').innerText()).trim();
  }
  throw new Error(`${file}: ${problem}`);
}

/** The newest adapter of each part that can be compared, by name. */
export async function tunedParts(page: Page): Promise<Partial<Record<Part, string>>> {
  const rows = (await rowsOf<AdapterRow>(page, 'adapters')).sort((a, b) => a.createdAt - b.createdAt);
  return Object.fromEntries(rows.filter(({ task }) => task !== 'linear').map(({ task, name }) => [task, name]));
}

/** Name of the data set whose test part is asked. @throws Error when there is none */
export async function testSet(page: Page, name: string | undefined): Promise<string> {
  const rows = (await rowsOf<DatasetRow>(page, 'datasets')).sort((a, b) => b.updatedAt - a.updatedAt);
  const row = rows.find((candidate) => (name === undefined ? candidate.counts.test > 0 : candidate.name === name));
  if (row) return row.name;
  throw new Error(
    name === undefined
      ? 'The workspace has no data set with questions in its test part.'
      : `The workspace has no data set “${name}”, only ${rows.map((known) => `“${known.name}”`).join(', ') || 'none'}.`,
  );
}
