/**
 * A static file server without dependencies: `node serve.mjs [folder] [--port N] [--host H]`. It ships inside the
 * built folder, so that a copy on a USB stick runs wherever Node does. Beyond files it does three things that the app
 * needs: the isolation headers, the right MIME type for wasm, and byte ranges for large weights.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { securityHeaders } from './security-headers.mjs';

/** @type {Record<string, string>} */
const MIME_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/**
 * The byte range that a request asks for.
 *
 * @param {string | undefined} header value of `Range`
 * @param {number} size of the file in bytes
 * @returns {{ start: number, end: number } | 'whole' | 'unsatisfiable'} `end` is inclusive; several ranges at once, or
 *   a form that is not understood, mean the whole file (RFC 9110, 14.2 allows that).
 */
export function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return 'whole';
  const [first, last] = [match[1], match[2]];
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}

/**
 * The file behind a URL path, or null. Nothing outside the folder can be named: not by `..`, not by an encoded slash,
 * not by a symbolic link that leads out.
 *
 * @param {string} root real path of the folder
 * @param {string} pathname of the URL, still percent-encoded
 */
async function findFile(root, pathname) {
  let decoded;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  const wanted = join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded);
  const real = await realpath(wanted).catch(() => null);
  if (real === null || !real.startsWith(root + sep)) return null;
  const info = await stat(real);
  return info.isFile() ? { path: real, info } : null;
}

/**
 * @param {string} root real path of the folder
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(root, request, response) {
  for (const [name, value] of Object.entries(securityHeaders())) response.setHeader(name, value);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const file = await findFile(root, (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/');
  if (!file) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not found');
    return;
  }
  const { size, mtimeMs } = file.info;
  const etag = `"${size.toString(16)}-${Math.trunc(mtimeMs).toString(16)}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  // Names of built assets carry their hash; everything else is asked for again, which costs a 304.
  response.setHeader(
    'Cache-Control',
    /\/assets\//.test(request.url ?? '') ? 'max-age=31536000, immutable' : 'no-cache',
  );
  response.setHeader('Content-Type', MIME_TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const range = parseRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range;
  response.setHeader('Content-Length', end - start + 1);
  if (range === 'whole') response.writeHead(200);
  else response.writeHead(206, { 'Content-Range': `bytes ${start}-${end}/${size}` });
  if (request.method === 'HEAD' || size === 0) {
    response.end();
    return;
  }
  const stream = createReadStream(file.path, { start, end });
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

/**
 * Serves a folder; takes the next free port when the wanted one is busy.
 *
 * @param {{ folder: string, port?: number, host?: string, onRequest?: (method: string, url: string) => void }} options
 *   port 0 means any free port
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 */
export async function serve({ folder, port = 4173, host = '127.0.0.1', onRequest }) {
  const root = await realpath(folder);
  const server = createServer((request, response) => {
    onRequest?.(request.method ?? 'GET', request.url ?? '/');
    answer(root, request, response).catch(() => response.destroy());
  });
  const bound = await listen(server, port, host);
  // 127.0.0.1 and localhost are both secure contexts, but different origins: one name, or the data would seem lost.
  const name = host === '127.0.0.1' ? 'localhost' : host;
  return {
    url: `http://${name}:${bound}/`,
    port: bound,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number>} the port that was free
 */
async function listen(server, port, host) {
  for (let candidate = port; ; candidate++) {
    try {
      await new Promise((ready, fail) => {
        server.once('error', fail);
        server.listen(candidate, host, () => {
          server.off('error', fail);
          ready(undefined);
        });
      });
      const address = server.address();
      return typeof address === 'object' && address ? address.port : candidate;
    } catch (error) {
      const busy = /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE';
      if (!busy || candidate >= port + 50) throw error;
    }
  }
}

/** @param {string} name */
function option(name) {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = process.argv[2] && !process.argv[2].startsWith('--') ? process.argv[2] : here;
  const { url } = await serve({ folder, port: Number(option('--port') ?? 4173), host: option('--host') });
  console.log(`Attune: ${url}`);
}
