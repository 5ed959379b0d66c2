import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { serve } from '../../../scripts/serve.mjs';
import type { TestBrowser } from '../harness/index.ts';
import type {} from './main.ts';

/** The app's ingest worker behind a bare page, built and served like the app. */
export class IngestPageServer {
  readonly #folder: string;
  readonly #server: Awaited<ReturnType<typeof serve>>;

  private constructor(folder: string, server: Awaited<ReturnType<typeof serve>>) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(): Promise<IngestPageServer> {
    const folder = await mkdtemp(join(tmpdir(), 'attune-ingest-'));
    // No models: tokens are then counted by rule, which is all the same to what is tested here.
    await build({
      configFile: false,
      root: new URL('.', import.meta.url).pathname,
      base: './',
      publicDir: false,
      logLevel: 'error',
      worker: { format: 'es' },
      build: { outDir: folder, emptyOutDir: true, minify: false },
    });
    return new IngestPageServer(folder, await serve({ folder, port: 0 }));
  }

  /** With no slash at the end. */
  get origin(): string {
    return `http://localhost:${this.#server.port}`;
  }

  async open(browser: TestBrowser): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`${this.origin}/`);
    await page.waitForFunction(() => 'ingestPage' in window);
    return page;
  }

  async stop(): Promise<void> {
    await this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
