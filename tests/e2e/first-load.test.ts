import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIRST_LOAD_BUDGET_BYTES, gzipBytes } from '../../scripts/first-load.ts';
import { distFolder } from './harness/dist.ts';
import { AppServer, TestBrowser } from './harness/index.ts';

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

test('until the first screen stands, the page and its workers load no more JavaScript than the budget', async () => {
  const page = await browser.newPage();
  const scripts = new Set<string>();
  // What the service worker fetches in the background for offline use is not among the page's requests.
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith('.js') && request.serviceWorker() === null) scripts.add(pathname.slice(1));
  });
  await page.goto(server.url);
  await page.getByTestId('first-run').waitFor();
  const sizes = [...scripts].map((path) => ({ path, bytes: gzipBytes(distFolder(), path) }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const largest = sizes.toSorted((a, b) => b.bytes - a.bytes).map(({ path, bytes }) => `${path}: ${bytes}`);
  expect(total, `loaded, largest first:\n${largest.join('\n')}`).toBeLessThanOrEqual(FIRST_LOAD_BUDGET_BYTES);
  await page.close();
});
