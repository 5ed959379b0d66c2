/// <reference lib="webworker" />
import { cleanupOutdatedCaches, matchPrecache, precache } from 'workbox-precaching';
import { createPartialResponse } from 'workbox-range-requests';
import { readAllowedOrigins } from './allowed-origins.ts';
import { secured } from './responses.ts';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

/** Version of onnxruntime-web and of our kernels in it, put in by the build: the files keep their names. */
declare const __ORT_VERSION__: string;

/** Weights: kept when first used, for good; an id never changes its content. */
const MODELS_CACHE = 'attune-models-v1';
const ORT_CACHE_PREFIX = 'attune-ort-';
const ORT_CACHE = ORT_CACHE_PREFIX + __ORT_VERSION__;

precache(self.__WB_MANIFEST);
cleanupOutdatedCaches();

self.addEventListener('install', (event) => event.waitUntil(bringRuntimeAlong()));
self.addEventListener('activate', (event) => event.waitUntil(Promise.all([self.clients.claim(), dropOldRuntimes()])));

// A new version waits until the person agrees: a page must not get scripts of two versions.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'activate-update') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  // Other origins are the policy's business: the service worker neither caches nor proxies them.
  if (url.origin !== self.location.origin || event.request.method !== 'GET') return;
  event.respondWith(answer(event.request, url));
});

/** A policy belongs to a page or a worker; other responses pass untouched, so the browser's compiled-code caches work. */
async function answer(request: Request, url: URL): Promise<Response> {
  const response = await fetchSameOrigin(request, url);
  const ownsPolicy = ['document', 'iframe', 'worker', 'sharedworker'].includes(request.destination);
  return ownsPolicy ? secured(response, await readAllowedOrigins()) : response;
}

async function fetchSameOrigin(request: Request, url: URL): Promise<Response> {
  const path = url.pathname.slice(new URL(self.registration.scope).pathname.length);
  const shell = await matchPrecache(path === '' ? 'index.html' : url.href);
  if (shell) return shell;
  // The manifest says which weights are here; a stale one would hide what set-up added since.
  if (path === 'models/manifest.json') return networkFirst(request, MODELS_CACHE);
  if (path.startsWith('models/')) return cacheFirst(request, url, MODELS_CACHE);
  if (path.startsWith('ort/')) return cacheFirst(request, url, ORT_CACHE);
  // Adapters are small, and those of a new version may lie under the names of the old.
  if (path.startsWith('samples/') || path.startsWith('adapters/')) return networkFirst(request, MODELS_CACHE);
  return fetch(request);
}

async function cacheFirst(request: Request, url: URL, cacheName: string): Promise<Response> {
  const cache = await caches.open(cacheName);
  const key = url.origin + url.pathname;
  const kept = await cache.match(key);
  if (kept) return request.headers.has('range') ? createPartialResponse(request, kept) : kept;
  const response = await fetch(request);
  // Only whole files are kept: a part (206) cannot stand for the rest. A full disk must not fail the request itself.
  if (response.status === 200) void keep(cache, key, response.clone());
  return response;
}

async function networkFirst(request: Request, cacheName: string): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.status === 200) await keep(cache, request.url, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request.url);
    if (kept) return kept;
    throw error;
  }
}

async function keep(cache: Cache, key: string, response: Response): Promise<void> {
  try {
    await cache.put(key, response);
  } catch (error) {
    console.warn(`Attune could not keep ${key} for offline use:`, error);
  }
}

/** An update must not lose what already works offline: the runtime in use is fetched in its new version. */
async function bringRuntimeAlong(): Promise<void> {
  const fresh = await caches.open(ORT_CACHE);
  for (const name of await otherRuntimes()) {
    const used = await (await caches.open(name)).keys();
    await fresh.addAll(used.map((request) => new Request(request.url, { cache: 'no-cache' })));
  }
}

async function dropOldRuntimes(): Promise<void> {
  await Promise.all((await otherRuntimes()).map((name) => caches.delete(name)));
}

async function otherRuntimes(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(ORT_CACHE_PREFIX) && name !== ORT_CACHE);
}
