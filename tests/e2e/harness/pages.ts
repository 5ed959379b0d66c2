import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import type { AppServer } from './app-server.ts';
import type { TestBrowser } from './browser.ts';

/** Opens the app and fails the test on any uncaught error in the page. */
export async function openApp(browser: TestBrowser, server: AppServer, hash = ''): Promise<Page> {
  const page = await browser.newPage();
  page.on('pageerror', (error) => expect.soft(error, 'uncaught error in the page').toBeUndefined());
  await page.goto(server.url + hash);
  return page;
}

/** Resolves when the page is under the service worker: from then on a reload works without the server. */
export async function waitUntilInstalled(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}
