import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { serve } from '../../../scripts/serve.mjs';
import { onnxRuntimeFiles } from '../../../scripts/vite/onnxruntime-files.ts';
import type { TestBrowser } from '../harness/index.ts';
import type {} from './main.ts';

const MODEL = 'all-MiniLM-L6-v2';

/** The app's training worker behind a bare page with the starter embedder, built and served like the app. */
export class TrainingPageServer {
  readonly #folder: string;
  readonly #server: Awaited<ReturnType<typeof serve>>;

  private constructor(folder: string, server: Awaited<ReturnType<typeof serve>>) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(): Promise<TrainingPageServer> {
    const folder = await mkdtemp(join(tmpdir(), 'attune-training-'));
    await build({
      configFile: false,
      root: new URL('.', import.meta.url).pathname,
      base: '/',
      publicDir: false,
      logLevel: 'error',
      plugins: [onnxRuntimeFiles()],
      worker: { format: 'es', plugins: () => [onnxRuntimeFiles()] },
      build: { outDir: folder, emptyOutDir: true, minify: false, target: 'es2023' },
    });
    const models = new URL('../../../public/models/', import.meta.url).pathname;
    await mkdir(join(folder, 'models'));
    await cp(join(models, 'manifest.json'), join(folder, 'models/manifest.json'));
    await cp(join(models, MODEL), join(folder, 'models', MODEL), { recursive: true });
    return new TrainingPageServer(folder, await serve({ folder, port: 0 }));
  }

  /** Opens the page, which starts the run or goes on with it. */
  async open(browser: TestBrowser): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${this.#server.port}/`);
    await page.waitForFunction(() => 'trainingPage' in window);
    await page.evaluate(() => window.trainingPage.open());
    return page;
  }

  async stop(): Promise<void> {
    await this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
