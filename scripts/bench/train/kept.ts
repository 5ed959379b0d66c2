import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';

const FOLDER = '.cache/tune';

/** Computed once for the same key, which may be long; then read from `.cache/tune/`. */
export async function kept<T>(key: unknown, compute: () => Promise<T>): Promise<T> {
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
  const file = `${FOLDER}/${hash}.json`;
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as T;
  const value = await compute();
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, JSON.stringify(value));
  return value;
}

/** Adds when it was measured, and how busy the machine was before. */
export async function timed<T>(compute: () => Promise<T>): Promise<T & { date: string; load: number }> {
  const load = loadavg()[0]!;
  return { ...(await compute()), date: new Date().toISOString().slice(0, 16), load };
}
