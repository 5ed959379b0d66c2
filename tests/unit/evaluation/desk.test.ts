import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { Desk } from '../../../src/evaluation/matrix/desk.ts';
import { ResultCache } from '../../../src/evaluation/matrix/cache.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';

let databases = 0;
function desk() {
  const cache = new ResultCache(new AttuneDatabase(`desk-${databases++}`), 'w');
  return new Desk({ cache, signal: new AbortController().signal });
}

/** Opens each time that so many wait at it. */
function barrier(size: number): () => Promise<void> {
  let waiting: (() => void)[] = [];
  return () =>
    new Promise((pass) => {
      waiting.push(pass);
      if (waiting.length < size) return;
      for (const go of waiting) go();
      waiting = [];
    });
}

test('steps that may be computed at once are, after a first one that loads the model', async () => {
  const together = barrier(3);
  let running = 0;
  const most: number[] = [];
  const results = await desk().take({
    ...{ stage: 'judge', title: 'Judging', items: [0, 1, 2, 3, 4, 5, 6], atOnce: 3 },
    dependsOn: (item) => item,
    compute: async (item) => {
      most.push(++running);
      if (item > 0) await together();
      running--;
      return item * 10;
    },
  });
  expect(most[0]).toBe(1);
  expect(Math.max(...most)).toBe(3);
  expect([...results].sort(([a], [b]) => a - b).map(([, value]) => value)).toEqual([0, 10, 20, 30, 40, 50, 60]);
});

test('a step that fails ends the others, and what was computed before is not computed again', async () => {
  const own = desk();
  const computed: number[] = [];
  const work = (fails: boolean) => ({
    ...{ stage: 'judge' as const, title: 'Judging', items: [0, 1, 2, 3, 4, 5, 6, 7], atOnce: 2 },
    dependsOn: (item: number) => item,
    compute: (item: number) => {
      computed.push(item);
      return fails && item === 2 ? Promise.reject(new Error('Too many requests')) : Promise.resolve(item);
    },
  });
  await expect(own.take(work(true))).rejects.toThrow('Too many requests');
  const first = computed.splice(0);
  expect(first.length).toBeLessThan(8);
  await own.take(work(false));
  expect(computed).toEqual([2, ...[0, 1, 3, 4, 5, 6, 7].filter((item) => !first.includes(item))]);
});
