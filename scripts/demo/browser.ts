import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.mjs';
import { serve } from '../serve.mjs';

export interface OpenApp {
  page: Page;
  /** Uncaught errors of the page so far. */
  errors: Error[];
  close(): Promise<void>;
}

const FLAGS = { wasm: [], webgpu: ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'] };

/**
 * The built app in a real Chromium with a profile of its own, which goes when it is closed.
 *
 * @param root folder of the repository, with `dist/`
 * @throws Error when `webgpu` is asked for and this machine has no GPU worth using
 */
export async function openApp(root: string, engine: 'wasm' | 'webgpu', headed: boolean): Promise<OpenApp> {
  const server = await serve({ folder: join(root, 'dist'), port: 0 });
  const profile = await mkdtemp(join(tmpdir(), 'attune-demo-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless: !headed,
    args: [...CHROMIUM_FLAGS, ...FLAGS[engine]],
    viewport: { width: 1280, height: 900 },
  });
  const close = async () => {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const page = context.pages()[0] ?? (await context.newPage());
  const errors: Error[] = [];
  page.on('pageerror', (error) => errors.push(error));
  page.setDefaultTimeout(120_000);
  await page.goto(`http://localhost:${server.port}/`);
  if (engine === 'webgpu' && !(await hasGpu(page))) {
    await close();
    throw new Error(
      '--engine webgpu: this machine has no GPU that a browser can use. Leave it out to compute on wasm.',
    );
  }
  return { page, errors, close };
}

/** A software adapter computes on the processor, ten times slower than wasm: the app does not use it either. */
async function hasGpu(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const gpu = (
      navigator as { gpu?: { requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null> } }
    ).gpu;
    const adapter = await gpu?.requestAdapter();
    return adapter !== null && adapter !== undefined && adapter.info?.isFallbackAdapter !== true;
  });
}
