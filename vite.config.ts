import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { onnxRuntimeFiles } from './scripts/vite/onnxruntime-files.ts';
import { pwa } from './scripts/vite/pwa.ts';
import { securityHeadersPlugin } from './scripts/vite/security-headers-plugin.ts';

export default defineConfig({
  plugins: [svelte(), onnxRuntimeFiles(), securityHeadersPlugin(), pwa()],
  // Python's environment of the companion lies below the root and brings thousands of files, pages among them. Tests name
  // entries of their own, to which these would be added.
  ...(process.env.VITEST ? {} : { optimizeDeps: { entries: ['index.html'] } }),
  server: { watch: { ignored: ['**/companion/.venv/**', '**/companion/.data/**'] } },
  worker: { format: 'es', plugins: () => [onnxRuntimeFiles()] },
  build: {
    target: 'es2023',
    // A preloaded chunk that is loaded lazily anyway would count against the first load.
    modulePreload: { polyfill: false },
    // Inline data URLs would need a looser policy for scripts and hide their size from the budget.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2_000,
  },
});
