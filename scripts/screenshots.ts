/**
 * Walks the way of a newcomer in a real Chromium, from nothing to the first cited answer, and keeps pictures of it:
 * `npx tsx scripts/screenshots.ts <url> [folder]`. The app must be served at the address (`npm start`).
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const [url, folder = 'docs/screenshots'] = process.argv.slice(2);
if (!url) throw new Error('Give the address of the running app, e.g. http://localhost:4173/');

const QUESTION = 'What is the goal of the CEO Shadow Program?';
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 720 };
/** A small machine reads and embeds the samples and writes the answer within this. */
const PATIENCE_MS = 600_000;

const browser = await chromium.launch({
  executablePath: process.env.ATTUNE_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
await mkdir(folder, { recursive: true });

try {
  const page = await browser.newPage({ viewport: DESKTOP, colorScheme: 'light', reducedMotion: 'reduce' });
  page.on('pageerror', (error) => console.error('Error in the page:', error.message));
  await page.goto(url);
  await page.getByTestId('first-run').waitFor();
  await keep(page, '1-first-run');

  const started = Date.now();
  await page.getByRole('button', { name: 'Try with the sample documents' }).click();
  await page.getByTestId('preparing').waitFor();
  await page
    .getByText(/\d+ of \d+/)
    .first()
    .waitFor();
  await keep(page, '2-preparing');

  await page.getByTestId('preparing').waitFor({ state: 'detached', timeout: PATIENCE_MS });
  await keep(page, '3-questions');
  await page.getByRole('button', { name: QUESTION }).click();
  await page.getByRole('list', { name: 'Passages found' }).waitFor({ timeout: PATIENCE_MS });
  await keep(page, '4-answering');
  await page.getByTestId('answer').waitFor({ timeout: PATIENCE_MS });
  console.log(`From the click on the samples to the answer: ${((Date.now() - started) / 1000).toFixed(1)} s`);

  await page
    .getByTestId('answer')
    .getByRole('button', { name: /^Source \d/ })
    .first()
    .click();
  await page.getByTestId('source-panel').locator('mark').first().waitFor();
  await fromTheQuestion(page);
  await keep(page, 'chat');
  await page.emulateMedia({ colorScheme: 'dark' });
  await keep(page, 'chat-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.keyboard.press('Escape');
  await page.getByText('How this was answered').click();
  await page.getByText('How this was answered').scrollIntoViewIfNeeded();
  await keep(page, '5-how-answered');

  for (const screen of ['library', 'search', 'models', 'settings']) {
    await page.goto(`${url}#/${screen}`);
    await page.locator('#main > *').first().waitFor();
    if (screen === 'search') {
      await page.getByRole('searchbox').first().fill('negative feedback');
      await page.locator('#main mark').first().waitFor({ timeout: PATIENCE_MS });
    }
    await page.waitForLoadState('networkidle');
    await keep(page, screen);
  }

  await tuneSearchModel(page);
  await compareSearchModels(page);

  await page.setViewportSize(PHONE);
  await page.goto(`${url}#/chat`);
  await keep(page, 'phone-start');
  for (const screen of ['tune', 'compare', 'datasets']) {
    await page.goto(`${url}#/${screen}`);
    await page.locator('#main > *').first().waitFor();
    await page.waitForLoadState('networkidle');
    await keep(page, `phone-${screen}`);
  }
} finally {
  await browser.close();
}

/** A short, real run on the sample questions: the form with its estimate, the run under way, and what it bought. */
async function tuneSearchModel(page: Page): Promise<void> {
  await page.goto(`${url}#/tune`);
  await page.getByRole('button', { name: 'Use the sample questions' }).click();
  await page.getByRole('radio', { name: /^Search model/ }).check();
  await page.getByText(/here, .* of memory/).waitFor({ timeout: PATIENCE_MS });
  await keep(page, 'tune');
  await page.goto(`${url}#/datasets`);
  await page.getByRole('article').first().waitFor();
  await keep(page, 'datasets');

  await page.goto(`${url}#/tune`);
  await page.getByRole('radio', { name: /^Search model/ }).check();
  await page.getByText('All settings').click();
  for (const [knob, value] of [
    ['Steps', '40'],
    ['Validate every', '5'],
    ['Batch', '16'],
  ] as const) {
    await page.getByRole('spinbutton', { name: knob, exact: true }).fill(value);
    await page.keyboard.press('Tab');
  }
  await page.getByText(/here, .* of memory/).waitFor({ timeout: PATIENCE_MS });
  await page.getByRole('button', { name: 'Start tuning' }).click();
  await page.getByText(/Step (1[5-9]|2\d) of 40/).waitFor({ timeout: PATIENCE_MS });
  await keep(page, 'tune-running');
  await page.emulateMedia({ colorScheme: 'dark' });
  await keep(page, 'tune-running-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('region', { name: 'What it bought' }).waitFor({ timeout: PATIENCE_MS });
  await keep(page, 'tune-done');
  const card = page.getByRole('link', { name: 'Its card' });
  if ((await card.count()) === 0) return;
  await card.click();
  await page.getByText('Licence of the data').filter({ visible: true }).waitFor();
  await keep(page, 'adapters');
}

/** Base and tuned search side by side, without answers: the table, and in dark. */
async function compareSearchModels(page: Page): Promise<void> {
  await page.goto(`${url}#/compare`);
  const models = page.getByRole('group', { name: /^Search/ }).getByRole('checkbox');
  await models.first().waitFor();
  for (const model of await models.all()) await model.check();
  const answers = page.getByRole('group', { name: /^Answers/ }).getByRole('checkbox');
  for (const answer of await answers.all()) await answer.uncheck();
  await answers.first().check();
  await page.getByRole('button', { name: 'Start the comparison' }).click();
  await page.getByRole('columnheader', { name: /MRR/ }).first().waitFor({ timeout: PATIENCE_MS });
  await keep(page, 'compare');
  await page.emulateMedia({ colorScheme: 'dark' });
  await keep(page, 'compare-dark');
  await page.emulateMedia({ colorScheme: 'light' });
}

/** The conversation follows the answer's end; a picture wants its beginning. */
async function fromTheQuestion(page: Page): Promise<void> {
  await page.getByTestId('answer').evaluate((answer) => answer.previousElementSibling?.scrollIntoView());
}

async function keep(page: Page, name: string): Promise<void> {
  // Two frames: what was just shown is laid out and painted. Then colours that fade to another theme have arrived.
  await page.evaluate(async () => {
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
    const fades = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fades.map((fade) => fade.finished));
  });
  await page.screenshot({ path: join(folder!, `${name}.png`) });
  console.log(`${name}.png`);
}
