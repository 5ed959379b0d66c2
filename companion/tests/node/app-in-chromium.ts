/**
 * The built app in real Chromium against a running node: pair, send rows of a data set, close the tab while it tunes,
 * catch up, bring the adapter home, switch it on, see another ranking or answer, delete what lies on the node; then two
 * trials of a sweep, of which the best comes home.
 * Run by tests/test_app.py with address, token, the port that the node lets in, what to tune, and where the run is to be
 * longer its steps; it makes no sweep then.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { chromiumPath, CHROMIUM_FLAGS } from '../../../scripts/chromium.mjs';
import { askedIds, readDocuments, readQuestions, sampleDocuments } from '../../../scripts/demo/inputs.ts';
import { rowsOf } from '../../../scripts/demo/table-rows.ts';
import { addDocuments, addQuestions } from '../../../scripts/demo/walk.ts';
import { serve } from '../../../scripts/serve.mjs';
import { buildIfChanged } from '../../../scripts/setup/build.mjs';
import { ensureChromium } from '../../../scripts/setup/chromium.mjs';
import type { AdapterRow, RunRow, VectorIndexRow } from '../../../src/storage/schema.ts';
import { answered, fillForm, ranking, until } from './app-steps.ts';
import { sweepOnNode } from './sweep-walk.ts';

const [address = '', token = '', port = '', what = 'Search model', steps] = process.argv.slice(2);
const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
/** The set that the benchmarks use, where it lies beside the repository; else the documents that come with the app. */
const attacks = join(root, '../shared/data/attackqa-like');
const samples = join(root, 'public/samples');
const data = existsSync(attacks)
  ? { documents: join(attacks, 'corpus.jsonl.gz'), questions: join(attacks, 'qa.jsonl.gz') }
  : { documents: samples, questions: join(samples, 'handbook-questions.jsonl') };
const DOCUMENTS = 40;
const answers = what === 'Answer model';
/** A step of the answer model takes a node without a GPU ten times as long. */
const STEPS = Number(steps ?? (answers ? 4 : 6));
const often = steps === undefined ? '2' : '8';
const batch = answers ? '1' : '16';
const knobs = { Steps: String(STEPS), Batch: batch, 'Validate every': often, 'Checkpoint every': '4' };

process.env.ATTUNE_CHROMIUM = await ensureChromium();
await buildIfChanged({ root });
const server = await serve({ folder: join(root, 'dist'), port: Number(port) });
const profile = await mkdtemp(join(tmpdir(), 'attune-node-'));
let context = await browser();
try {
  let page = await open(context);
  const asked = askedIds(data.questions);
  const documents = sampleDocuments(readDocuments(data.documents), asked, Math.min(DOCUMENTS, asked.size), 1);
  const { questions: all, leftOut } = readQuestions(data.questions, documents);
  const questions = all.slice(0, 120);
  await addDocuments(page, documents.values(), console.warn);
  await addQuestions(page, { questions, leftOut }, { seed: 1, testShare: 0.2 }, console.warn);

  // Pair by the link that the node shows; the page's policy lets it through after a reload.
  await page.goto(`${page.url().split('#')[0]}#/settings?companion=${encodeURIComponent(address)}&token=${token}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Pair' }).click();
  assert.ok(!page.url().includes(token), 'the token stays out of the address');
  await page.getByRole('button', { name: 'Reload to connect' }).click();
  await page.getByText('Computes with').waitFor();
  const card = page.getByRole('article').filter({ hasText: 'Computes with' });
  await card.getByText('all-MiniLM-L6-v2').waitFor();

  await fillForm(page, what, knobs);
  await page.getByRole('radio', { name: /127\.0\.0\.1/ }).check();
  // Measured there before anything was sent, and said beside the tab's own estimate.
  await page.getByText(/on 127\.0\.0\.1:\d+, \d.* of memory/).waitFor({ timeout: 600_000 });
  await page.getByRole('radio', { name: /127\.0\.0\.1.*(About|A few)/ }).waitFor();
  const listed = await page.getByText(/questions? with their answers/).innerText();
  await page.getByRole('button', { name: /^Send and start/ }).click();
  await row(page, ({ node }) => node?.jobId !== undefined);

  // The tab is closed with its browser; the node goes on, and what it did meanwhile is caught up.
  await context.close();
  context = await browser();
  page = await open(context);
  const run = await row(page, ({ state }) => state === 'done');
  const sent = Number(/(\d+) questions?/.exec(listed)?.[1]);
  assert.equal(run.node?.rows, sent, 'as many rows were sent as were listed');
  assert.equal(run.step, STEPS);
  const points = (await rowsOf<{ runId: string; kind: string; step: number }>(page, 'runPoints')).filter(
    ({ runId, kind }) => runId === run.id && kind === 'step',
  );
  assert.deepEqual(
    points.map(({ step }) => step).sort((a, b) => a - b),
    Array.from({ length: STEPS }, (_, i) => i + 1),
  );
  const adapter = (await rowsOf<AdapterRow>(page, 'adapters')).find(({ id }) => id === run.adapterId)!;
  assert.match(adapter.source, /^trained on /);
  // Chosen here, where the words are.
  if (!answers) assert.ok([0.8, 0.85, 0.9, 0.95].includes(adapter.denseWeight!), 'its weight of meaning was chosen');

  // Switched on: the search ranks by another index, or the chat answers with it.
  const question = questions[0]!.question;
  await page.goto(`${page.url().split('#')[0]}#/tune/${run.id}`);
  const before = answers ? await answered(page, question) : await ranking(page, question);
  await page.goto(`${page.url().split('#')[0]}#/tune/${run.id}`);
  await page.getByRole('button', { name: 'Use it in this workspace' }).click();
  if (!answers) {
    // Until its index is whole, the one before goes on answering.
    await until(page, async () => {
      const indexes = await rowsOf<VectorIndexRow>(page, 'vectorIndexes');
      const [base, tuned] = [undefined, run.adapterId].map((id) => indexes.find(({ adapterId }) => adapterId === id));
      return tuned && tuned.count > 0 && tuned.count === base?.count;
    });
  }
  const after = answers ? await answered(page, question) : await ranking(page, question);
  assert.notEqual(after, before, 'the adapter changes what comes out');

  // Deleted there: the node itself says so.
  await page.goto(`${page.url().split('#')[0]}#/tune/${run.id}`);
  await page.getByRole('button', { name: 'Delete it there' }).click();
  await page.getByText(/Nothing of this run lies on/).waitFor();
  const headers = { authorization: `Bearer ${token}` };
  const files = (await (await fetch(`${address}/v1/files`, { headers })).json()) as { data: { id: string }[] };
  assert.ok(!files.data.some(({ id }) => id === run.node?.fileId));
  if (!answers && steps === undefined) await sweepOnNode(page, { address, headers });
  process.stdout.write(`${JSON.stringify({ before, after, base: run.baseScore, tuned: run.best?.score, sent })}\n`);
} catch (error) {
  await context.pages()[0]?.screenshot({ path: join(tmpdir(), 'attune-node-failed.png') });
  throw error;
} finally {
  await context.close();
  await server.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function browser(): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless: true,
    args: CHROMIUM_FLAGS,
    viewport: { width: 1280, height: 900 },
  });
}

async function open(from: BrowserContext): Promise<Page> {
  const page = from.pages()[0] ?? (await from.newPage());
  page.setDefaultTimeout(120_000);
  await page.goto(`http://localhost:${port}/`);
  return page;
}

/** The one run, once it is so; a failed one says why. */
async function row(page: Page, isSo: (run: RunRow) => boolean): Promise<RunRow> {
  return until(page, async () => {
    const [run] = await rowsOf<RunRow>(page, 'runs');
    assert.notEqual(run?.state, 'failed', `${run?.problem?.message} ${run?.problem?.wayOut}`);
    return run && isSo(run) ? run : undefined;
  });
}
