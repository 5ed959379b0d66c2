import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppServer, HANDBOOK, TestBrowser, addFilesInChat, ask, openApp, waitUntilInstalled } from './harness/index.ts';

/** One that the starter model, small as it is, answers from its passage. */
const QUESTION = 'How many euros is the daily allowance abroad?';

let server: AppServer;
let browser: TestBrowser;

beforeAll(async () => {
  server = await AppServer.start();
  browser = await TestBrowser.launch();
});

afterAll(async () => {
  await browser.kill();
  await server.stop();
});

test('documents, a question, a cited answer; then again after a reload with the network off; no other origin is asked', async () => {
  const page = await openApp(browser, server);
  await waitUntilInstalled(page);
  await addFilesInChat(page, HANDBOOK);
  const online = await ask(page, QUESTION);
  expect(await online.getAttribute('data-kind')).toBe('answer');
  expect(await online.locator('.citation').count()).toBeGreaterThan(0);

  await server.stop();
  await page.goto(`${server.url}#/chat`);
  await page.reload();
  const offline = await ask(page, QUESTION);
  expect(await offline.getAttribute('data-kind')).toBe('answer');
  await offline.locator('.citation').first().click();
  await expect
    .poll(() => page.getByTestId('source-panel').textContent(), { timeout: 30_000 })
    .toContain('Abroad the allowance is 62 euros per day');

  expect(browser.log.attempts).toEqual([]);
  await page.close();
});
