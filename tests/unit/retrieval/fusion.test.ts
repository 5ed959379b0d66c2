import { describe, expect, it } from 'vitest';
import { fuse, type FusionSettings } from '../../../src/retrieval/fusion.ts';
import { groupHits, joinedText, withoutNearDuplicates } from '../../../src/retrieval/hits.ts';
import { retrievalSettings } from '../../../src/retrieval/settings.ts';
import type { ChunkRow } from '../../../src/storage/schema.ts';

const list = (...entries: [string, number][]) => entries.map(([item, score]) => ({ item, score }));
const byScores: FusionSettings = { fusion: 'scores', denseWeight: 0.8, rrfK: 60 };
const byRanks: FusionSettings = { ...byScores, fusion: 'ranks' };
const dense = list(['a', 0.8], ['b', 0.6], ['c', -0.1]);
const lexical = list(['c', 10], ['a', 4], ['d', 1]);

describe('joining both lists', () => {
  it('by scores is a convex combination of normalised scores, worked by hand', () => {
    const fused = fuse(dense, lexical, byScores);
    const scores = Object.fromEntries(fused.map(({ item, fused: { score } }) => [item, score]));
    expect(scores['a']).toBeCloseTo(0.8 * 1 + 0.2 * 0.4, 12);
    expect(scores['b']).toBeCloseTo((0.8 * 1.6) / 1.8, 12);
    expect(scores['c']).toBeCloseTo((0.8 * 0.9) / 1.8 + 0.2, 12);
    // No vector: as similar as the last of the dense list.
    expect(scores['d']).toBeCloseTo((0.8 * 0.9) / 1.8 + 0.2 * 0.1, 12);
    expect(fused.map(({ item }) => item)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('by scores takes the similarity of what only the words found', () => {
    const fused = fuse(dense, lexical, byScores, (item) => (item === 'd' ? -0.55 : undefined));
    const { fused: place, dense: absent } = fused.find(({ item }) => item === 'd')!;
    expect(place.score).toBeCloseTo((0.8 * 0.45) / 1.8 + 0.2 * 0.1, 12);
    expect(absent).toBeUndefined();
  });

  it('by ranks is Reciprocal Rank Fusion, worked by hand', () => {
    const fused = fuse(dense, lexical, byRanks);
    expect(fused.map(({ item }) => item)).toEqual(['a', 'c', 'b', 'd']);
    expect(fused[0]!.fused.score).toBeCloseTo(1 / 61 + 1 / 62, 12);
    expect(fused[1]!.fused.score).toBeCloseTo(1 / 63 + 1 / 61, 12);
  });

  it('tells where each item stood', () => {
    const [a, b] = fuse(dense, lexical, byScores);
    expect(a).toMatchObject({ dense: { rank: 1, score: 0.8 }, lexical: { rank: 2, score: 4 }, fused: { rank: 1 } });
    expect(b!.lexical).toBeUndefined();
  });

  it.each([byScores, byRanks])('keeps the order of one list when the other is empty ($fusion)', (settings) => {
    expect(fuse(dense, [], settings).map(({ item }) => item)).toEqual(['a', 'b', 'c']);
    expect(fuse([], lexical, settings).map(({ item }) => item)).toEqual(['c', 'a', 'd']);
    expect(fuse([], [], settings)).toEqual([]);
  });
});

describe('settings', () => {
  it('take what a workspace overrides, within its range', () => {
    const overrides = { 'retrieval.denseWeight': 7, 'retrieval.fusion': 'ranks', 'ingest.maxTokens': 3 };
    expect(retrievalSettings(overrides)).toMatchObject({ denseWeight: 1, fusion: 'ranks', k1: 1.2, b: 0.75 });
  });

  it('take the weight that an adapter brings, unless the workspace has its own', () => {
    expect(retrievalSettings({}, { denseWeight: 0.95 }).denseWeight).toBe(0.95);
    expect(retrievalSettings({ 'retrieval.denseWeight': 0.5 }, { denseWeight: 0.95 }).denseWeight).toBe(0.5);
    expect(retrievalSettings({}, {}).denseWeight).toBe(0.8);
  });
});

const source = 'One is here.  Two follows one. Three ends it. Four is far away.';
function chunk(id: string, ordinal: number, start: number, end: number, more: Partial<ChunkRow> = {}): ChunkRow {
  const text = source.slice(start, end);
  return {
    id,
    workspaceId: 'w',
    documentId: 'd',
    ordinal,
    start,
    end,
    text,
    headings: [],
    tokens: 4,
    hash: `hash-${id}`,
    ...more,
  };
}
const one = chunk('one', 0, 0, 12);
const two = chunk('two', 1, 14, 30);
const three = chunk('three', 2, 18, 45);
const four = chunk('four', 3, 46, 63);
const ranked = (...chunks: ChunkRow[]) => chunks.map((entry) => ({ chunk: entry }));
const ids = (groups: { chunks: ChunkRow[] }[]) => groups.map(({ chunks }) => chunks.map(({ id }) => id).join('+'));

describe('neighbours', () => {
  it('become one hit at the better place, in the order of the document', () => {
    expect(ids(groupHits(ranked(two, four, one), 5, 3))).toEqual(['one+two', 'four']);
  });

  it('join two hits when a passage between them is found', () => {
    expect(ids(groupHits(ranked(four, two, three), 5, 3))).toEqual(['two+three+four']);
  });

  it('stay apart beyond the limit, in another document, and when merging is off', () => {
    expect(ids(groupHits(ranked(one, two, three, four), 5, 3))).toEqual(['one+two+three', 'four']);
    expect(ids(groupHits(ranked(one, { ...two, documentId: 'other' }), 5, 3))).toEqual(['one', 'two']);
    expect(ids(groupHits(ranked(one, two), 5, 1))).toEqual(['one', 'two']);
  });

  it('are looked for only above the first passage without a place', () => {
    expect(ids(groupHits(ranked(one, four, { ...three, documentId: 'other' }, two), 2, 3))).toEqual(['one', 'four']);
  });

  it('give the text of the document: what overlaps once, gaps of white space at the same length', () => {
    const { start, end, text } = joinedText([one, two, three]);
    expect(text).toHaveLength(end - start);
    expect(text.replaceAll('\n', ' ')).toBe(source.slice(start, end));
    expect(joinedText([chunk('outer', 0, 0, 45), chunk('inner', 1, 14, 30)]).text).toBe(source.slice(0, 45));
  });
});

describe('near-duplicates', () => {
  it('leave the first of their kind', () => {
    const copy = chunk('copy', 7, 0, 12, { nearDuplicateOf: 'one' });
    const second = chunk('second', 8, 0, 12, { nearDuplicateOf: 'one' });
    const same = chunk('same', 9, 46, 63, { hash: 'hash-four' });
    const left = withoutNearDuplicates(ranked(copy, two, one, second, four, same));
    expect(left.map(({ chunk: { id } }) => id)).toEqual(['copy', 'two', 'four']);
  });
});
