import { describe, expect, it } from 'vitest';
import { changedPart, matrixTable } from '../../../src/evaluation/table/matrix-table.ts';
import type { PipelineConfiguration } from '../../../src/storage/schema.ts';
import { configurationOf, scoreRows } from '../../support/evaluation-rows.ts';

const model = (modelId: string, adapterId: string | null = null) => ({ modelId, adapterId });
const [bare, embedder, both]: PipelineConfiguration[] = [
  { id: 'bare', name: 'Base', embedder: model('e'), reranker: null, generator: model('g') },
  { id: 'embedder', name: 'Tuned search', embedder: model('e', 'x'), reranker: null, generator: model('g') },
  { id: 'both', name: 'Both', embedder: model('e', 'x'), reranker: model('r'), generator: model('g') },
] as const;

const row = (configurationId: string, question: number, scores: Record<string, number>) => ({
  configurationId,
  exampleId: `q${question}`,
  scores,
});

describe('the table of a matrix', () => {
  const questions = Array.from({ length: 40 }, (_, i) => i);
  const rows = [
    ...questions.map((i) => row('bare', i, { 'recall@5': Number(i % 2 === 0), mrr: 0.5 })),
    // 10 more questions are right, none fewer.
    ...questions.map((i) => row('embedder', i, { 'recall@5': Number(i % 2 === 0 || i < 20), mrr: 0.5 })),
    ...questions.slice(0, 30).map((i) => row('both', i, { 'recall@5': Number(i % 2 === 0 || i < 20) })),
  ];
  const table = matrixTable([bare!, embedder!, both!], rows);

  it('has a cell for every metric that a configuration was scored by', () => {
    expect(table.metrics).toEqual(['recall@5', 'mrr']);
    expect(
      table.cells.find(({ configurationId, metric }) => configurationId === 'bare' && metric === 'recall@5'),
    ).toMatchObject({ mean: 0.5, n: 40 });
    expect(table.cells.some(({ configurationId, metric }) => configurationId === 'both' && metric === 'mrr')).toBe(
      false,
    );
  });

  it('compares with the first configuration and by single parts, on the questions of both', () => {
    const pairs = table.differences.filter(({ metric }) => metric === 'recall@5');
    expect(pairs.map(({ from, to, n }) => [from, to, n])).toEqual([
      ['bare', 'embedder', 40],
      ['bare', 'both', 30],
      ['embedder', 'both', 30],
    ]);
    expect(pairs[0]).toMatchObject({ mean: 0.25, significant: true });
    // All ten changes have the same sign: 2 of 2^10 signs are as extreme; times three by Holm.
    expect(pairs[0]!.p).toBeCloseTo(2 / 1024, 12);
    expect(pairs[0]!.adjustedP).toBeCloseTo(6 / 1024, 12);
    expect(pairs[2]).toMatchObject({ mean: 0, p: 1, significant: false });
  });

  it('counts a comparison once that comes with several answer models', () => {
    const states = ['base/none/base', 'base/none/tuned', 'tuned/none/base', 'tuned/none/tuned'] as const;
    const found = (id: string) =>
      scoreRows(id, 40, (i) => ({ scores: { 'recall@5': Number(id.startsWith('tuned') || i > 9) } }));
    const { differences } = matrixTable(states.map(configurationOf), states.flatMap(found));
    // Ten changes of one sign: 2 of 2^10 signs. One comparison in three pairs; two pairs change nothing that ranks.
    expect(differences.map(({ adjustedP }) => adjustedP)).toEqual(
      [1, 2 / 1024, 2 / 1024, 2 / 1024, 1].map((p) => expect.closeTo(p, 12) as number),
    );
  });

  describe('leaders', () => {
    const found = (id: string, right: number, metric = 'recall@5') =>
      questions.map((i) => row(id, i, { [metric]: Number(i < right) }));
    const leading = (rights: [number, number, number], metric = 'recall@5') =>
      matrixTable(
        [bare!, embedder!, both!],
        rights.flatMap((right, i) => found(['bare', 'embedder', 'both'][i]!, right, metric)),
      ).leaders[metric];

    it('are the best alone where every other one falls clearly behind it', () => {
      expect(leading([10, 20, 35])).toEqual(['both']);
      expect(leading([5, 20, 35], 'falseRefusal')).toEqual(['bare']);
    });

    it('are all that the questions cannot tell from the best', () => {
      // Three questions that differ have the same sign by chance in 2 of 8 cases.
      expect(leading([10, 32, 35])).toEqual(['embedder', 'both']);
    });

    it('do not get more by rows that rank alike under another answer model', () => {
      const states = ['base/none/base', 'base/none/tuned', 'tuned/none/base', 'tuned/none/tuned'] as const;
      // Six questions of one sign: 2 of 2^6 signs, which thrice is no longer below 0.05.
      const rows = states.flatMap((id) => found(id, id.startsWith('tuned') ? 26 : 20));
      expect(matrixTable(states.map(configurationOf), rows).leaders['recall@5']).toEqual(states.slice(2));
    });

    it('are none where nothing falls behind, or where neither more nor less is better', () => {
      expect(leading([20, 20, 20])).toEqual([]);
      expect(leading([33, 34, 35])).toEqual([]);
      expect(leading([5, 20, 35], 'answerWords')).toEqual([]);
    });
  });

  it('is empty without scores', () => {
    const nothing = { metrics: [], cells: [], leaders: {}, differences: [] };
    expect(matrixTable([bare!], [])).toEqual({ configurations: [bare], ...nothing });
  });

  it('names the one part that differs', () => {
    expect(changedPart(bare!, embedder!)).toBe('embedder');
    expect(changedPart(embedder!, both!)).toBe('reranker');
    expect(changedPart(bare!, both!)).toBeUndefined();
  });
});
