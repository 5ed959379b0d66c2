import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import type { DemoState } from '../../src/demo/contract.ts';
import type { DatasetRow, DocumentRow, JobRow, SettingRow } from '../../src/storage/schema.ts';
import type { DemoArguments, Part } from './arguments.ts';
import { tableRows } from './browser.ts';
import type { DemoDocument, DemoQuestion } from './inputs.ts';
import { withParts } from './parts.ts';

/** Hours are not unusual: nothing here waits by the clock, only until the app says done or failed. */
const PATIENCE_MS = 24 * 3600_000;
const LABELS: Record<Part, string> = { embedder: 'Search model', reranker: 'Ranking model', generator: 'Answer model' };

/** Adds documents as a person does, by choosing a folder, and waits until all of them can be searched. */
export async function addDocuments(page: Page, documents: Iterable<DemoDocument>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'attune-documents-'));
  let expected = 0;
  try {
    for (const { path, bytes } of documents) {
      const file = join(folder, 'documents', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      expected++;
    }
    const choosing = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await (await choosing).setFiles(join(folder, 'documents'));
    await until(page, async () => (await tableRows<DocumentRow>(page, 'documents')).length >= expected);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Imports questions, each document's in one part, and gives the name of the data set. */
export async function addQuestions(
  page: Page,
  questions: readonly DemoQuestion[],
  { seed, testShare }: DemoArguments,
): Promise<string> {
  await page.goto(new URL('#/datasets', page.url()).href);
  const lines = withParts(questions, seed, testShare).map((question) => JSON.stringify(question));
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
  await until(page, async () => (await tableRows<DatasetRow>(page, 'datasets')).length > 0);
  return (await tableRows<DatasetRow>(page, 'datasets'))[0]!.name;
}

/** Fills in the form of "Show me", starts it and follows it to its end. */
export async function showMe(
  page: Page,
  args: DemoArguments,
  dataset: string | undefined,
  say: (line: string) => void,
): Promise<DemoState> {
  await page.goto(new URL('#/demo', page.url()).href);
  for (const [part, label] of Object.entries(LABELS)) {
    await page.getByRole('checkbox', { name: label }).setChecked(args.tune.includes(part as Part));
  }
  await page.getByText('Details', { exact: true }).click();
  if (dataset !== undefined) await page.getByRole('combobox', { name: 'Questions' }).selectOption({ label: dataset });
  const answers = args.tune.includes('generator') ? args.maxQuestions : 0;
  for (const [label, value] of [
    ['Minutes of tuning', args.minutes],
    ['Test questions', args.maxQuestions],
    ['Questions to answer', answers],
    ['Seed', args.seed],
  ] as const) {
    const field = page.getByRole('spinbutton', { name: label, exact: true });
    await field.fill(String(value));
    await field.press('Tab');
  }
  await page.getByRole('button', { name: 'Show me' }).click();
  let told = '';
  return until(page, async () => {
    const rows = await tableRows<SettingRow>(page, 'settings');
    const demo = rows.find(({ key }) => key.startsWith('demo/'))?.value as DemoState | undefined;
    const job = (await tableRows<JobRow>(page, 'jobs')).find(({ state }) => state === 'running');
    const line = job ? `${job.title}: ${job.done} of ${job.total} ${job.unit}` : '';
    if (line !== '' && line !== told) say(line);
    told = line || told;
    return demo && demo.state !== 'running' ? demo : undefined;
  });
}

/** Asks until there is an answer; between two questions the page has a second to work. */
async function until<T>(page: Page, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await page.waitForTimeout(1000);
  }
  throw new Error('The app did not come to an end.');
}
