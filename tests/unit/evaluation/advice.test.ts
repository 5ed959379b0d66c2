import { describe, expect, it } from 'vitest';
import { recommend } from '../../../src/evaluation/advice/recommend.ts';
import { startOf, tuningSteps } from '../../../src/evaluation/advice/steps.ts';
import { summaryFigures, summarySentence } from '../../../src/evaluation/advice/summary.ts';
import { matrixTable } from '../../../src/evaluation/table/matrix-table.ts';
import type { EvaluationScoreRow } from '../../../src/storage/schema.ts';
import { configurationOf, scoreRows } from '../../support/evaluation-rows.ts';

const N = 100;
const base = configurationOf('base/none/base');
const search = configurationOf('tuned/none/base');
const ranking = configurationOf('tuned/tuned/base');
const answers = configurationOf('tuned/tuned/tuned');

/** The right passage is among the first five for so many questions, the answer right for so many. */
const scored = (id: string, found: number, right: number): EvaluationScoreRow[] =>
  scoreRows(id, N, (i) => ({
    scores: { 'hit@5': Number(i < found), exactMatch: Number(i < right) },
    ...(i >= found ? { failure: 'notRetrieved' } : i >= right && { failure: 'wrongFromRight' }),
  }));

describe('the sentence on what tuning bought', () => {
  it('counts questions, a part on top of the other', () => {
    const rows = [...scored(base.id, 50, 30), ...scored(search.id, 74, 30), ...scored(ranking.id, 85, 30)];
    const table = matrixTable([base, search, ranking], rows);
    expect(summarySentence(table)).toBe(
      'Tuning the search model found the right passage in 24 of 100 more questions; a ranking model tuned on your documents adds 11 more.',
    );
    expect(summaryFigures(table)[0]).toMatch(
      /^Tuning the search model: Hit rate@5 \+0\.240 \(95 % interval \+0\.1\d+ to \+0\.3\d+, 100 questions\)\.$/,
    );
  });

  it('tells the answer model’s part by its answers, and says where nothing could be shown', () => {
    const rows = [...scored(base.id, 50, 30), ...scored(search.id, 52, 30), ...scored('tuned/none/tuned', 52, 41)];
    const table = matrixTable([base, search, configurationOf('tuned/none/tuned')], rows);
    expect(summarySentence(table)).toBe(
      'Tuning the search model made no difference that 100 questions could show; tuning the answer model adds 11 right answers in 100.',
    );
  });

  it('says so when tuning made it worse, and nothing when nothing was tuned', () => {
    const worse = matrixTable([base, search], [...scored(base.id, 74, 0), ...scored(search.id, 50, 0)]);
    expect(summarySentence(worse)).toBe('Tuning the search model lost the right passage in 24 of 100 questions.');
    expect(summarySentence(matrixTable([base], scored(base.id, 50, 30)))).toBe('');
    const same = matrixTable([base, search], [...scored(base.id, 50, 0), ...scored(search.id, 50, 0)]);
    expect(summaryFigures(same)).toEqual(['Tuning the search model: Hit rate@5 the same in each of 100 questions.']);
  });

  it('is about the measure that the table shows, and counts passages where a question needs several', () => {
    const rows = (single: boolean) =>
      [base, search].flatMap(({ id }, tuned) =>
        scoreRows(id, N, (i) => {
          const right = Number(i < 50 + 24 * tuned);
          return { scores: { 'hit@5': right, 'recall@5': single ? right : right / 2 } };
        }),
      );
    const single = matrixTable([base, search], rows(true));
    expect(summarySentence(single)).toBe(
      'Tuning the search model found the right passage in 24 of 100 more questions.',
    );
    expect(summaryFigures(single)[0]).toContain('Recall@5 +0.240');
    const several = matrixTable([base, search], rows(false));
    expect(summarySentence(several)).toBe('Tuning the search model found 12 of 100 more right passages.');
  });

  it('finds its way whatever the order of the configurations', () => {
    const rows = [answers, ranking, search, base].flatMap(({ id }, i) => scored(id, 90 - 10 * i, 40 - 10 * i));
    const table = matrixTable([answers, ranking, search, base], rows);
    expect(tuningSteps(table).map(({ part, difference }) => [part, Math.round(difference.mean * 100)])).toEqual([
      ['embedder', 10],
      ['reranker', 10],
      ['generator', 10],
    ]);
    expect(startOf(table.configurations)).toBe(base);
  });
});

describe('the recommendation', () => {
  const advise = (rows: EvaluationScoreRow[], configurations = [base]) =>
    recommend({ table: matrixTable(configurations, rows), scores: rows });

  it('keeps what tuning has improved', () => {
    const rows = [...scored(base.id, 50, 30), ...scored(search.id, 74, 30)];
    const advice = advise(rows, [base, search]);
    expect(advice).toMatchObject({ tune: 'yes', first: 'embedder' });
    expect(advice.reasons.join(' ')).toContain('Tuning the search model helps: Hit rate@5 +0.240');
  });

  it('leaves a pipeline alone that hardly fails', () => {
    expect(advise(scored(base.id, 98, 97))).toMatchObject({ tune: 'no' });
  });

  it('blames the part that loses most', () => {
    expect(advise(scored(base.id, 30, 25))).toMatchObject({ tune: 'yes', first: 'embedder' });
    expect(advise(scored(base.id, 95, 40))).toMatchObject({ tune: 'yes', first: 'generator' });
    const low = scoreRows(base.id, N, (i) => (i < 40 ? {} : { failure: 'rankedLow' }));
    expect(advise(low)).toMatchObject({ tune: 'yes', first: 'reranker' });
  });

  it('says that it does not know where chance could explain it', () => {
    const even = advise(scored(base.id, 70, 40));
    expect(even.tune).toBe('unclear');
    expect(even.reasons.join(' ')).toContain('within chance');
    // Search loses 34, answers 28: more, and within chance.
    expect(advise(scored(base.id, 66, 38))).toMatchObject({ tune: 'unclear', first: 'embedder' });
    const few = advise(scored(base.id, 50, 30).slice(40, 52));
    expect(few).toMatchObject({ tune: 'unclear', headline: expect.stringContaining('12 questions') as string });
    expect(advise([])).toMatchObject({ tune: 'unclear', reasons: [] });
    const tried = advise([...scored(base.id, 30, 25), ...scored(search.id, 31, 25)], [base, search]);
    expect(tried).toMatchObject({ tune: 'unclear', headline: expect.stringContaining('not helped') as string });
  });

  it('advises on search alone where no answers were measured', () => {
    const alone = configurationOf('base/none/none');
    const rows = scoreRows(alone.id, N, (i) => (i < 60 ? {} : { failure: 'notRetrieved' }));
    const advice = advise(rows, [alone]);
    expect(advice).toMatchObject({ tune: 'yes', first: 'embedder' });
    expect(advice.reasons.join(' ')).toContain('Answers were not measured');
  });

  it('tells what searching does to the answers, and what more examples would bring', () => {
    const alone = configurationOf('none/none/base');
    const rows = [
      ...scored(alone.id, 0, 5).map((row) => ({ ...row, scores: { exactMatch: row.scores['exactMatch']! } })),
      ...scored(base.id, 60, 50),
    ];
    const points = [0, 100, 200, 400].map((examples, i) => ({
      examples,
      scores: Array.from({ length: N }, (_, question) => Number(question % 10 < 4 + i)),
    }));
    const advice = recommend({
      table: matrixTable([alone, base], rows),
      scores: rows,
      learningCurve: { points, metric: 'recall@5' },
    });
    const text = advice.reasons.join(' ');
    expect(text).toContain('Searching the documents improves the same model’s answers: Exact match +0.450');
    expect(text).toMatch(/After 400 examples another hundred would likely bring Recall@5 \+0\.0\d+ \(95 % interval/);
  });
});
