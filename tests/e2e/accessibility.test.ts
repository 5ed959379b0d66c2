import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { AppServer, HANDBOOK, TestBrowser, addFilesInChat, openApp, waitUntilInstalled } from './harness/index.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENS = ['chat', 'library', 'search', 'datasets', 'tune', 'compare', 'models', 'settings'];

let server: AppServer;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  server = await AppServer.start();
  browser = await TestBrowser.launch();
  page = await openApp(browser, server);
  await waitUntilInstalled(page);
});

afterAll(async () => {
  await browser.kill();
  await server.stop();
});

/** WCAG 2.2 A and AA, and the best practices, as one line per finding. */
async function axeFindings(): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: (context: Document, options: RunOptions) => Promise<AxeResults> };
    };
    return axe.run(document, { resultTypes: ['violations'] });
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

async function show(screen: string): Promise<void> {
  await page.goto(`${server.url}#/${screen}`);
  await page.locator('#main > *').first().waitFor();
  await settle();
}

/** Fades, and the change from light to dark, would be measured half way through. */
async function settle(): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  });
}

async function overflow(): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

describe.each(['without documents', 'with documents'])('%s', (state) => {
  beforeAll(async () => {
    if (state === 'without documents') return;
    await show('chat');
    await addFilesInChat(page, HANDBOOK);
  }, 240_000);

  test.each(SCREENS)('axe finds nothing on %s, light and dark', async (screen) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await show(screen);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await settle();
      expect(await axeFindings(), colorScheme).toEqual([]);
    }
  });

  test.each(SCREENS)('%s fits 360 pixels without scrolling sideways, and axe finds nothing there', async (screen) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await show(screen);
    expect(await overflow()).toBe(0);
    expect(await axeFindings()).toEqual([]);
  });
});

test('every screen can be reached with the keyboard alone', async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await show('chat');
  await page.locator('body').press('Tab');
  const reached = new Set<string>();
  for (let presses = 0; presses < 40; presses++) {
    const hash = await page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
    if (hash.startsWith('#/')) reached.add(hash.slice(2));
    await page.keyboard.press('Tab');
  }
  expect(SCREENS.filter((screen) => !reached.has(screen))).toEqual([]);
});
