import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { buildIfChanged } from '../setup/build.mjs';
import { ensureChromium } from '../setup/chromium.mjs';
import { openApp } from './browser.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Runs a command with its arguments; a failure is one sentence on stderr and a status that says so. */
export async function runProgram(usage: string, main: (argv: string[]) => Promise<void>): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    console.log(usage);
    return;
  }
  try {
    await main(argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/** Builds the app if its sources changed, opens it, and fails on any error that the page reports. */
export async function inApp(
  { engine, headed }: { engine: 'wasm' | 'webgpu'; headed: boolean },
  work: (page: Page) => Promise<void>,
): Promise<void> {
  process.env.ATTUNE_CHROMIUM = await ensureChromium();
  await buildIfChanged({ root });
  const app = await openApp(root, engine, headed);
  try {
    await work(app.page);
    if (app.errors.length > 0) throw new Error(`The page reported an error: ${app.errors[0]!.message}`);
  } finally {
    await app.close();
  }
}
