import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { distFolder } from './harness/dist.ts';
import { AppServer, TestBrowser, openApp, putRow, waitUntilInstalled } from './harness/index.ts';

const STRANGER = 'https://stranger.example/collect';

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

/** Runs inside a page or a worker: what became of a request, in one word. */
async function attempt(url: string): Promise<'answered' | 'blocked'> {
  return fetch(url).then(
    () => 'answered',
    () => 'blocked',
  );
}

function attemptsAtStranger(): string[] {
  return browser.log.attempts.filter((target) => target.includes('stranger.example'));
}

test('the request log sees what a page without our policy tries', async () => {
  const page = await browser.newPage();
  await page.goto('data:text/html,<title>control</title>');
  await page.evaluate(attempt, 'https://control.example/seen');
  await page.close();
  expect(browser.log.attempts).toContain('control.example:443');
});

test('SharedArrayBuffer is on, before and after the service worker took over', async () => {
  const page = await openApp(browser, server);
  const isolated = () => crossOriginIsolated && new SharedArrayBuffer(8).byteLength === 8;
  expect(await page.evaluate(isolated)).toBe(true);
  await waitUntilInstalled(page);
  await page.reload();
  expect(await page.evaluate(isolated)).toBe(true);
  await page.close();
});

test('a request from the page to another origin is blocked by the policy and never leaves the browser', async () => {
  const page = await openApp(browser, server);
  const directive = await page.evaluate(async (url) => {
    const violation = new Promise<string>((resolve) =>
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective)),
    );
    await fetch(url).catch(() => undefined);
    return violation;
  }, STRANGER);
  expect(directive).toBe('connect-src');
  expect(attemptsAtStranger()).toEqual([]);
  await page.close();
});

test('markup that got into the page cannot reach out: images, styles, scripts, frames, forms, inline handlers', async () => {
  const page = await openApp(browser, server);
  await page.evaluate(async (url) => {
    // http for frames and forms: Chromium opens a bare connection to the https host of a navigation before it asks the
    // policy. No request follows, and the sanitiser lets neither element through.
    const navigated = url.replace('https:', 'http:');
    const host = document.createElement('div');
    host.innerHTML = `<img src="${url}/image"><link rel="stylesheet" href="${url}/style"><iframe src="${navigated}/frame"></iframe>
      <img src="x" onerror="window.handlerRan = true"><form action="${navigated}/form" method="post"></form>`;
    document.body.append(host);
    host.querySelector('form')?.submit();
    const script = document.createElement('script');
    script.src = `${url}/script`;
    const ended = new Promise((resolve) => script.addEventListener('error', resolve));
    document.head.append(script);
    await ended;
  }, STRANGER);
  expect(await page.evaluate(() => 'handlerRan' in window)).toBe(false);
  expect(attemptsAtStranger()).toEqual([]);
  await page.close();
});

/** Starts a worker script of the build: a worker's policy comes with its own response, not from the page. */
async function attemptFromWorker(page: Page, url: string): Promise<'answered' | 'blocked'> {
  const started = page.waitForEvent('worker');
  await page.evaluate((script) => void new Worker(script, { type: 'module' }), builtWorker());
  return (await started).evaluate(attempt, url);
}

function builtWorker(): string {
  const script = readdirSync(join(distFolder(), 'assets')).find((name) => /worker-.*\.js$/.test(name));
  if (!script) throw new Error('The build has no worker script.');
  return `/assets/${script}`;
}

test('a request from a worker to another origin is blocked and never leaves the browser', async () => {
  const page = await openApp(browser, server);
  expect(await attemptFromWorker(page, STRANGER)).toBe('blocked');
  expect(attemptsAtStranger()).toEqual([]);
  await page.close();
});

test('an origin that was switched on is reachable after a reload, from page and workers; others are not', async () => {
  const endpoint = createServer((_request, response) => {
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('hello');
  });
  endpoint.listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const url = `http://127.0.0.1:${portOf(endpoint)}/`;
  const page = await openApp(browser, server);
  await waitUntilInstalled(page);
  expect(await page.evaluate(attempt, url)).toBe('blocked');
  await switchEndpoint(page, url, true);
  expect(await page.evaluate(attempt, url)).toBe('answered');
  expect(await page.evaluate(attempt, STRANGER)).toBe('blocked');
  expect(await attemptFromWorker(page, url)).toBe('answered');
  expect(await attemptFromWorker(page, STRANGER)).toBe('blocked');
  await switchEndpoint(page, url, false);
  expect(await page.evaluate(attempt, url)).toBe('blocked');
  expect(await attemptFromWorker(page, url)).toBe('blocked');
  await page.close();
  endpoint.close();
});

/** Switches an endpoint on or off in the database and follows what the app says about it. */
async function switchEndpoint(page: Page, baseUrl: string, enabled: boolean): Promise<void> {
  await putRow(page, 'endpoints', { id: 'own-server', name: 'Own server', baseUrl, model: 'any', enabled });
  await page.reload();
  const notice = page.getByText('What this page may connect to has changed.');
  await notice.waitFor();
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload' }).click()]);
}

function portOf(listening: Server): number {
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
