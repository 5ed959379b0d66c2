import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { ISOLATION_HEADERS, contentSecurityPolicy, securityHeaders } from '../security-headers.mjs';

/**
 * Puts the security headers wherever the app is served from: the dev server (isolation only: hot reload needs inline
 * styles and a web socket), the preview server, a meta tag in the built page for hosts without headers, and a `_headers`
 * file for static hosts that read one. The shipped server comes along in the built folder.
 */
export function securityHeadersPlugin(): Plugin {
  let outDir = 'dist';
  return {
    name: 'attune-security-headers',
    config: () => ({ server: { headers: ISOLATION_HEADERS }, preview: { headers: securityHeaders() } }),
    configResolved: (config) => {
      outDir = config.build.outDir;
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_html, context) =>
        context.server
          ? []
          : [
              {
                tag: 'meta',
                attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy() },
                injectTo: 'head-prepend',
              },
            ],
    },
    writeBundle: async () => {
      const lines = Object.entries(securityHeaders()).map(([name, value]) => `  ${name}: ${value}`);
      await Promise.all([
        writeFile(join(outDir, '_headers'), `/*\n${lines.join('\n')}\n`),
        copyFile('scripts/serve.mjs', join(outDir, 'serve.mjs')),
        copyFile('scripts/security-headers.mjs', join(outDir, 'security-headers.mjs')),
      ]);
    },
  };
}
