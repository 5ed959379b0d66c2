import type { PluginOption } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

/** Every script is precached, lazy ones too, or a feature not yet used would be missing offline; this is a safety net. */
const PRECACHE_LIMIT_BYTES = 12_000_000;

/** Web app manifest, and the service worker with the list of files of the app shell. */
export function pwa(): PluginOption {
  return VitePWA({
    strategies: 'injectManifest',
    srcDir: 'src/pwa',
    filename: 'service-worker.ts',
    // `src/pwa/updates.ts` registers it: an update must ask before it takes over.
    injectRegister: false,
    registerType: 'prompt',
    manifest: {
      id: '/',
      name: 'Attune',
      short_name: 'Attune',
      description: 'Private chat with your documents, and small models tuned on them, in the browser.',
      start_url: '.',
      scope: '.',
      display: 'standalone',
      background_color: '#ffffff',
      theme_color: '#ffffff',
      icons: [
        { src: 'icons/icon-192.png', sizes: '192x192', type: 'image/png' },
        { src: 'icons/icon-512.png', sizes: '512x512', type: 'image/png' },
        { src: 'icons/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        { src: 'icons/icon.svg', sizes: 'any', type: 'image/svg+xml' },
      ],
    },
    injectManifest: {
      globPatterns: ['**/*.{html,js,css,svg,png,webmanifest,woff2}'],
      // Weights, wasm and samples are kept when used; the server is not part of the app.
      globIgnores: [
        'models/**',
        'adapters/**',
        'ort/**',
        'samples/**',
        'serve.mjs',
        'security-headers.mjs',
        'service-worker.js',
      ],
      maximumFileSizeToCacheInBytes: PRECACHE_LIMIT_BYTES,
    },
  });
}
