/**
 * The security headers, in one place: the shipped server, the dev server, the service worker and the meta tag in
 * index.html all take them from here, so they cannot drift apart. Plain JavaScript without imports because a copy of
 * it ships beside `serve.mjs` and runs there without a build.
 */

/** Cross-origin isolation: without these two the browser gives no SharedArrayBuffer and wasm runs on one thread. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * The Content-Security-Policy of pages and workers. Nothing but this origin can be reached, save the origins that the
 * person switched on (endpoints, a model hub).
 *
 * - `wasm-unsafe-eval` compiles WebAssembly; JavaScript `eval` stays forbidden.
 * - `blob:` and `data:` never leave the machine: previews, PDF images, files read back by libraries.
 * - style *attributes* are allowed (positioned menus), style elements from strangers are not.
 *
 * @param {string[]} [connectOrigins] origins such as `https://example.com`, already validated by the caller.
 * @returns {string} the header's value
 */
export function contentSecurityPolicy(connectOrigins = []) {
  return [
    `default-src 'self'`,
    `script-src 'self' 'wasm-unsafe-eval'`,
    `style-src 'self'`,
    `style-src-attr 'unsafe-inline'`,
    `img-src 'self' data: blob:`,
    `font-src 'self' data:`,
    `media-src 'self' blob:`,
    `connect-src ${["'self'", 'blob:', 'data:', ...connectOrigins].join(' ')}`,
    `worker-src 'self'`,
    `frame-src 'none'`,
    `object-src 'none'`,
    `base-uri 'self'`,
    `form-action 'none'`,
  ].join('; ');
}

/** Only a header can say this one; browsers ignore it in a meta tag. */
export const FRAME_ANCESTORS = `frame-ancestors 'none'`;

/**
 * Every header that a response of the app carries.
 *
 * @param {string[]} [connectOrigins]
 * @returns {Record<string, string>}
 */
export function securityHeaders(connectOrigins = []) {
  return {
    ...ISOLATION_HEADERS,
    'Content-Security-Policy': `${contentSecurityPolicy(connectOrigins)}; ${FRAME_ANCESTORS}`,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  };
}
