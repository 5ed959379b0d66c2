import { flushSync } from 'svelte';
import { beforeEach, expect, test } from 'vitest';
import { database } from '../../../src/storage/database.ts';
import { watchCount } from './live-count.svelte.ts';

beforeEach(() => database().settings.clear());

test('a query made within the derived value that reads it follows the database', async () => {
  const seen: number[] = [];
  const stop = watchCount((count) => seen.push(count));
  flushSync();
  expect(seen).toEqual([-1]);
  await expect.poll(() => seen.at(-1)).toBe(0);
  await database().settings.put({ key: 'a', value: 1 });
  await expect.poll(() => seen.at(-1)).toBe(1);
  stop();
});
