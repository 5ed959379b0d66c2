import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppServer, HANDBOOK, TestBrowser, addFilesInChat, ask, openApp, waitUntilInstalled } from './harness/index.ts';

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

  const first = await ask(page, 'How many euros is the daily allowance abroad?');
  expect(await first.getAttribute('data-kind')).toBe('answer');
  expect(await first.locator('.citation').count()).toBeGreaterThan(0);

  await server.stop();
  await page.reload();
  const second = await ask(page, 'Where are broken laptops brought?');
  expect(await second.getAttribute('data-kind')).toBe('answer');
  await second.locator('.citation').first().click();
  await expect.poll(() => page.getByTestId('source-panel').textContent(), { timeout: 30_000 }).toMatch(/room\s+214/);

  expect(browser.log.attempts).toEqual([]);
  await page.close();
});
