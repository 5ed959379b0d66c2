import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.mjs';

/**
 * Calls an exported function of a module in a real, cross-origin isolated Chromium page; the module is served by Vite
 * from the working tree, so it may import the app's sources.
 *
 * @param module path from the repository's root, "scripts/bench/embed-page.ts"
 * @param argument and the result pass as JSON
 * @throws whatever the function throws, with its message
 */
export async function inChromium<T>(
  module: string,
  name: string,
  argument?: unknown,
  flags: string[] = [],
): Promise<T> {
  const server = await createServer({
    logLevel: 'error',
    // Of its own, and complete from the start: a dependency found late would reload the page in mid-measurement.
    cacheDir: '.cache/vite-bench',
    optimizeDeps: {
      entries: [module],
      include: [
        'onnxruntime-web/wasm',
        'onnxruntime-web/webgpu',
        '@huggingface/transformers',
        '@huggingface/tokenizers',
        'dexie',
        '@wllama/wllama',
        'tinyld',
      ],
    },
    server: { port: 0, hmr: false, watch: null },
  });
  await server.listen();
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS, ...flags] });
  try {
    const page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') console.error(message.text());
    });
    await page.goto(`${server.resolvedUrls!.local[0]}scripts/bench/page.html`);
    // As text: the import has to reach the page as it is, not as the runner of this file (tsx, Vitest) rewrites it.
    const call = `import(${JSON.stringify(`/${module}`)}).then((page) => page.${name}(${JSON.stringify(argument ?? null)}))`;
    return await page.evaluate<T>(call);
  } finally {
    await browser.close();
    await server.close();
  }
}
