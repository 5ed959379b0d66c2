import { afterEach, describe, expect, it } from 'vitest';
import { callback, WorkerBridge } from '../../../src/bridge/worker-bridge.ts';
import type { EmbedProgress, RetrievalService, SearchRequest } from '../../../src/retrieval/contract.ts';
import { database } from '../../../src/storage/database.ts';
import { writeDocument } from '../../support/library.ts';

// Workers of their own, as two tabs have them: same database, same files, no shared memory.
const workspaceId = 'interruptions-test';
const open: WorkerBridge<RetrievalService>[] = [];

function tab(): WorkerBridge<RetrievalService> {
  const bridge = new WorkerBridge<RetrievalService>({
    name: 'search',
    create: () => new Worker(new URL('../../../workers/retrieval.worker.ts', import.meta.url), { type: 'module' }),
  });
  open.push(bridge);
  return bridge;
}

const PASSAGES = 240;
const sentence = (i: number) =>
  `Item number ${i} of the inventory is a ${['lamp', 'chair', 'kettle', 'ladder'][i % 4]} that stands in room ${i * 7}. ` +
  'It was bought second hand, is checked once a year by the caretaker, and goes to the school when the house is sold.';

const ask = (bridge: WorkerBridge<RetrievalService>, query: string) => {
  const request: SearchRequest = { workspaceId, query, limit: 3, mode: 'dense', mergeNeighbours: false };
  return bridge.call((remote) => remote.search(request));
};

afterEach(async () => {
  await open[0]!.call((remote) => remote.removeWorkspace(workspaceId));
  for (const bridge of open.splice(0)) bridge.stop();
  await database().documents.clear();
  await database().chunks.clear();
});

describe('embedding', () => {
  it('goes on where a killed worker left it, with every vector whole, while another tab searches', async () => {
    await writeDocument(database(), workspaceId, {
      path: 'inventory.txt',
      passages: Array.from({ length: PASSAGES }, (_, i) => sentence(i)),
    });
    const reader = tab();
    const before = await ask(reader, 'an old lamp');
    expect(before.chunksWithoutVector).toBe(PASSAGES);

    // Killed in mid-run: what was committed until then stays.
    const killed = tab();
    const atFirstCommit = new Promise<EmbedProgress>((resolve) => {
      void killed
        .call((remote) =>
          remote.sync(
            workspaceId,
            callback((step: EmbedProgress) => void (step.done > 0 && resolve(step))),
          ),
        )
        .catch(() => undefined);
    });
    const { done } = await atFirstCommit;
    killed.stop();
    expect(done).toBeLessThan(PASSAGES);

    const meanwhile = await ask(reader, 'an old lamp');
    expect(meanwhile.chunksWithoutVector).toBeLessThanOrEqual(PASSAGES - done);
    expect(meanwhile.hits.length).toBeGreaterThan(0);

    const next = tab();
    const steps: EmbedProgress[] = [];
    await next.call((remote) =>
      remote.sync(
        workspaceId,
        callback((step: EmbedProgress) => void steps.push(step)),
      ),
    );
    expect(steps[0]!.done).toBeGreaterThan(done);
    expect(steps.at(-1)).toMatchObject({ done: PASSAGES, total: PASSAGES });
    expect((await database().vectorIndexes.where({ workspaceId }).first())!.count).toBe(PASSAGES);

    for (const i of [0, 101, 239]) {
      const { hits, chunksWithoutVector } = await ask(reader, sentence(i));
      expect(chunksWithoutVector).toBe(0);
      expect(hits[0]!.text).toBe(sentence(i));
      expect(hits[0]!.dense!.score).toBeCloseTo(1, 2);
    }
  });
});
