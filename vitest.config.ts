import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { CHROMIUM_FLAGS, findChromium, SOFTWARE_WEBGPU_FLAGS } from './scripts/chromium.mjs';
import { browserCommands } from './tests/support/browser-commands.ts';
import viteConfig from './vite.config.ts';

const executablePath = findChromium() ?? undefined;

/**
 * unit: Node. browser: modules and components in a real, cross-origin isolated Chromium. e2e: Node drives the
 * production build in Chromium, so it needs `npm run build` first.
 */
export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      // Vite first bundles what the page imports, which takes minutes where the machine is busy.
      browser: { connectTimeout: 300_000 },
      projects: [
        {
          extends: true,
          test: { name: 'unit', environment: 'node', include: ['tests/unit/**/*.test.ts'], testTimeout: 60_000 },
        },
        {
          extends: true,
          // What workers alone import Vite would find late, and reload the page in the middle of a test.
          optimizeDeps: {
            entries: ['workers/*.worker.ts'],
            include: ['@huggingface/transformers', '@huggingface/gguf', '@mlc-ai/web-xgrammar'],
          },
          test: {
            name: 'browser',
            include: ['tests/browser/**/*.test.ts'],
            testTimeout: 120_000,
            // Hooks load models, which takes as long as a test where the machine is busy.
            hookTimeout: 120_000,
            // What a test waits for comes from real workers, which are slow where the machine is busy.
            expect: { poll: { timeout: 20_000 } },
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              commands: browserCommands,
              provider: playwright({
                launchOptions: { executablePath, args: [...CHROMIUM_FLAGS, ...SOFTWARE_WEBGPU_FLAGS] },
              }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
        {
          extends: true,
          test: {
            name: 'e2e',
            environment: 'node',
            include: ['tests/e2e/**/*.test.ts'],
            testTimeout: 300_000,
            hookTimeout: 60_000,
            // Each file starts its own Chromium with a model in it: one at a time keeps memory and timing sane.
            fileParallelism: false,
          },
        },
      ],
    },
  }),
);
