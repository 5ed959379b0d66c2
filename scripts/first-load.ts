import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseAst } from 'vite';

/** JavaScript that may be loaded before a model is asked for, gzipped. */
export const FIRST_LOAD_BUDGET_BYTES = 150_000;

export interface LoadedScript {
  /** Path below dist. */
  path: string;
  gzipBytes: number;
}

/** Size of a built script as a server with compression would send it. */
export function gzipBytes(dist: string, path: string): number {
  return gzipSync(readFileSync(join(dist, path)), { level: 9 }).length;
}

/** Every script that index.html makes the browser load: its module, its preloads, and all that they import statically. */
export function staticFirstLoad(dist: string): LoadedScript[] {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const entries = [...html.matchAll(/<(?:script|link)\b[^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => tag.startsWith('<script') || /rel="modulepreload"/.test(tag))
    .flatMap((tag) => /(?:src|href)="([^"]+\.js)"/.exec(tag)?.[1] ?? []);
  const found = new Set<string>();
  const queue = entries.map((url) => url.replace(/^\.?\//, ''));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    queue.push(...staticImports(dist, path));
  }
  return [...found].sort().map((path) => ({ path, gzipBytes: gzipBytes(dist, path) }));
}

function staticImports(dist: string, path: string): string[] {
  const { body } = parseAst(readFileSync(join(dist, path), 'utf8'));
  return body.flatMap((node) => {
    const source = 'source' in node ? node.source?.value : undefined;
    return typeof source === 'string' && source.startsWith('.') ? [join(dirname(path), source)] : [];
  });
}
