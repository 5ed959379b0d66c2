import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRange, serve } from '../../../scripts/serve.mjs';

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-serve-'));
  await mkdir(join(folder, 'site/assets'), { recursive: true });
  await mkdir(join(folder, 'site-secret'));
  await writeFile(join(folder, 'site/index.html'), '<!doctype html><title>home</title>');
  await writeFile(join(folder, 'site/assets/a.wasm'), Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  await writeFile(join(folder, 'site/empty.txt'), '');
  await writeFile(join(folder, 'site-secret/key.txt'), 'secret');
  await symlink(join(folder, 'site-secret/key.txt'), join(folder, 'site/link.txt'));
  server = await serve({ folder: join(folder, 'site'), port: 0 });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** A raw request: `fetch` would resolve `..` before sending it. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, headers, method };
    request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

test('the start page comes with isolation, a policy that reaches only this origin, and no sniffing', async () => {
  const { status, headers } = await get('/');
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'x-content-type-options': 'nosniff',
  });
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain(`default-src 'self'`);
  expect(policy).toContain(`connect-src 'self' blob: data:;`);
  expect(policy).not.toMatch(/https?:|\*|'unsafe-eval'/);
});

test.each([
  '/../site-secret/key.txt',
  '/..%2fsite-secret%2fkey.txt',
  '/%2e%2e/site-secret/key.txt',
  '/assets/../../site-secret/key.txt',
  '/..\\site-secret\\key.txt',
  '/link.txt',
  '//etc/passwd',
  '/index.html%00.txt',
  '/%',
])('nothing outside the folder is served: %s', async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe(404);
  expect(body.toString()).toBe('Not found');
});

test('wasm has its MIME type and hashed assets may be kept for good', async () => {
  const { headers, body } = await get('/assets/a.wasm');
  expect(headers['content-type']).toBe('application/wasm');
  expect(headers['cache-control']).toContain('immutable');
  expect([...body]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test.each([
  ['bytes=2-4', [2, 3, 4], 'bytes 2-4/10'],
  ['bytes=7-', [7, 8, 9], 'bytes 7-9/10'],
  ['bytes=-2', [8, 9], 'bytes 8-9/10'],
  ['bytes=8-99', [8, 9], 'bytes 8-9/10'],
])('a range gives just these bytes: %s', async (range, bytes, contentRange) => {
  const { status, headers, body } = await get('/assets/a.wasm', { Range: range });
  expect(status).toBe(206);
  expect([...body]).toEqual(bytes);
  expect(headers['content-range']).toBe(contentRange);
});

test('a range beyond the end is refused with the size', async () => {
  const { status, headers } = await get('/assets/a.wasm', { Range: 'bytes=10-' });
  expect(status).toBe(416);
  expect(headers['content-range']).toBe('bytes */10');
});

test('several ranges or nonsense mean the whole file', () => {
  expect(parseRange('bytes=0-1,3-4', 10)).toBe('whole');
  expect(parseRange('bytes=-', 10)).toBe('whole');
  expect(parseRange(undefined, 10)).toBe('whole');
});

test('an unchanged file costs no second transfer', async () => {
  const first = await get('/index.html');
  const again = await get('/index.html', { 'If-None-Match': String(first.headers['etag']) });
  expect(again.status).toBe(304);
  expect(again.body.length).toBe(0);
});

test('an empty file is empty, HEAD has no body, and writing is refused', async () => {
  expect((await get('/empty.txt')).body.length).toBe(0);
  expect((await get('/', {}, 'HEAD')).body.length).toBe(0);
  expect((await get('/', {}, 'POST')).status).toBe(405);
});

test('a busy port gives way to the next free one', async () => {
  const second = await serve({ folder: join(folder, 'site'), port: server.port });
  expect(second.port).toBeGreaterThan(server.port);
  await second.close();
});
