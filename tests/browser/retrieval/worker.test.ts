import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retrieval } from '../../../src/retrieval/client.ts';
import type { EmbedProgress, SearchRequest } from '../../../src/retrieval/contract.ts';
import { database } from '../../../src/storage/database.ts';
import { writeDocument } from '../../support/library.ts';

// The real worker, the real starter model, real IndexedDB and OPFS.
const workspaceId = 'worker-test';
const ask = (query: string, request: Partial<SearchRequest> = {}) =>
  retrieval.search({ workspaceId, query, limit: 3, mode: 'hybrid', mergeNeighbours: false, ...request });

beforeAll(async () => {
  await writeDocument(database(), workspaceId, {
    path: 'house/leave.md',
    passages: [
      'Every employee has thirty days of paid vacation per year. Unused days expire at the end of March.',
      'Whoever falls ill tells the team lead before nine in the morning and brings a certificate on day three.',
      'Parental leave can be taken for up to three years and is applied for seven weeks ahead.',
    ],
  });
  await writeDocument(database(), workspaceId, {
    path: 'house/machines.md',
    passages: [
      'The coffee machine is descaled every Friday by the facility team.',
      'Error E-4711 means that the water tank of the machine is empty.',
      'Printers are reached in the network under the names of composers.',
    ],
  });
});

afterAll(() => retrieval.removeWorkspace(workspaceId));

describe('the retrieval worker', () => {
  it('embeds every passage, says how far it is, and has nothing left to do the second time', async () => {
    const progress: EmbedProgress[] = [];
    await retrieval.sync(workspaceId, (step) => progress.push(step));
    const status = await retrieval.status(workspaceId);
    expect(status).toMatchObject({ chunks: 6, embedded: 6, dimensions: 384 });
    expect(status.embedderId).toContain('MiniLM');
    expect(status.problem).toBeUndefined();
    expect(progress.at(-1)).toMatchObject({ done: 6, total: 6 });

    const revision = (await database().vectorIndexes.where({ workspaceId }).first())!.revision;
    await retrieval.sync(workspaceId);
    expect((await database().vectorIndexes.where({ workspaceId }).first())!.revision).toBe(revision);
  });

  it('finds by meaning what no word points to', async () => {
    const { hits, chunksWithoutVector } = await ask('How long is my holiday?', { mode: 'dense' });
    expect(chunksWithoutVector).toBe(0);
    expect(hits[0]!.text).toContain('paid vacation');
    expect(hits[0]!.dense).toMatchObject({ rank: 1 });
    expect(hits[0]!.lexical).toBeUndefined();
  });

  it('finds by words what has little meaning, and names the words as they stand in the text', async () => {
    const { hits } = await ask('E-4711', { mode: 'lexical' });
    expect(hits[0]!.text).toContain('water tank');
    expect(hits[0]!.matchedWords).toEqual(['E', '4711']);
  });

  it('joins both, and says where each hit stood', async () => {
    const { hits } = await ask('descaling coffee machines');
    expect(hits[0]).toMatchObject({ documentName: 'machines.md', path: 'house/machines.md' });
    expect(hits[0]!.text).toContain('descaled every Friday');
    expect(hits[0]!.dense!.rank).toBe(1);
    expect(hits[0]!.lexical!.rank).toBe(1);
    expect(hits.map(({ fused }) => fused.rank)).toEqual([1, 2, 3]);
  });

  it('gives cosine similarities row by row', async () => {
    const passages = ['A cat sleeps on the sofa.', 'The stock market fell.'];
    const matrix = await retrieval.similarities(['A cat is asleep on a couch.', 'A cat sleeps on the sofa.'], passages);
    expect(matrix).toHaveLength(4);
    expect(matrix[0]).toBeGreaterThan(0.7);
    expect(matrix[1]).toBeLessThan(0.2);
    expect(matrix[2]).toBeCloseTo(1, 3);
  });

  it('leaves neither row nor file of a removed workspace', async () => {
    await retrieval.removeWorkspace(workspaceId);
    expect(await database().vectorIndexes.where('workspaceId').equals(workspaceId).count()).toBe(0);
    const root = await navigator.storage.getDirectory();
    const names = [];
    for await (const name of (await root.getDirectoryHandle('retrieval')).keys()) names.push(name);
    expect(names).not.toContain(workspaceId);
  });
});
