import papaparse from 'papaparse';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { reportCsv, reportJson } from '../../../src/evaluation/report/data.ts';
import { reportHtml } from '../../../src/evaluation/report/html/page.ts';
import { reportMarkdown } from '../../../src/evaluation/report/markdown.ts';
import { matrixTable } from '../../../src/evaluation/table/matrix-table.ts';
import { sampleReport } from '../../support/sample-report.ts';

const input = sampleReport();
const HOSTILE = `<script>alert(1)</script><img src=x onerror="alert(1)"> | [a](javascript:alert(1)) 'quoted' & "so"`;

/** The same report over documents, questions and names that try to become markup. */
function hostile(): typeof input {
  return {
    ...input,
    evaluation: { ...input.evaluation, name: HOSTILE },
    examples: input.examples.map((example) => ({ ...example, question: HOSTILE, answer: HOSTILE })),
    scores: input.scores.map((row) => ({
      ...row,
      answer: HOSTILE,
      passages: row.passages.map((passage) => ({ ...passage, text: HOSTILE })),
      judgement: { scores: {}, reason: HOSTILE },
    })),
    adapters: input.adapters.map((adapter) => ({ ...adapter, name: HOSTILE, description: HOSTILE })),
    versions: { [HOSTILE]: HOSTILE },
  };
}

describe('the page', () => {
  const page = reportHtml(input);
  const { document } = parseHTML(page);
  const texts = (selector: string) => [...document.querySelectorAll(selector)].map((one) => one.textContent.trim());

  it('needs nothing but itself: no script, no address', () => {
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/i);
    expect(document.querySelector('meta[http-equiv]')!.getAttribute('content')).toContain("default-src 'none'");
  });

  it('shows each combination with its figures and marks those that lead', () => {
    const table = document.querySelectorAll('table')[0]!;
    const cell = input.table.cells.find(
      ({ configurationId, metric }) => configurationId.startsWith('base') && metric === 'mrr',
    )!;
    expect(table.textContent).toContain(cell.mean.toFixed(3));
    const marks = [...table.querySelectorAll('tbody tr')].map((row) => [
      row.textContent.trim().split(/\s+/, 2).join(' '),
      row.querySelectorAll('.best').length,
    ]);
    // The order within the first five is better for sure, what is among them may be by chance.
    expect(marks).toEqual([
      ['base none', 0],
      ['tuned none', 1],
      ['tuned tuned', 3],
    ]);
  });

  it('plots a difference for every pair that a metric can tell apart', () => {
    // Three of search and ranking make three pairs; answers of six make six to the first and four of single parts.
    const rows = [...document.querySelectorAll('table.diff')].map((table) => table.querySelectorAll('tbody tr').length);
    expect(rows).toEqual([3, 10, 10]);
    expect(texts('table.diff tbody th')[0]).toBe('Search base → tuned, with no ranking');
  });

  it('tells sentence, advice, losses, samples, cards, seed and versions', () => {
    expect(texts('.lead')[0]).toMatch(/^Tuning the search model/);
    expect(texts('h2')).toEqual([
      'Scores of each combination',
      'Differences',
      'Where questions are lost',
      'What more examples bring',
      'Time and cost',
      'Questions side by side',
      'What was measured, and with what',
    ]);
    expect(texts('.card h3')).toEqual(expect.arrayContaining(['Adapter: Answers', 'Seeds, settings and versions']));
    expect(document.body.textContent).toContain('SmolLM2-135M-Instruct');
  });

  it('lets no text from documents become markup', () => {
    const page = reportHtml(hostile());
    const { document } = parseHTML(page);
    expect(document.querySelectorAll('script, img, a')).toHaveLength(0);
    expect(document.querySelector('h1')!.textContent.trim()).toBe(HOSTILE);
    expect([...document.querySelectorAll('.answer')].some((one) => one.textContent === HOSTILE)).toBe(true);
  });

  it('holds several evaluations, one below the other', () => {
    const other = { ...input, evaluation: { ...input.evaluation, name: 'What is answered' } };
    const { document } = parseHTML(reportHtml(input, other));
    expect([...document.querySelectorAll('h1')].map((one) => one.textContent)).toEqual([
      input.evaluation.name,
      'What is answered',
    ]);
    expect(document.querySelectorAll('main')).toHaveLength(1);
    expect(document.querySelectorAll('table.diff')).toHaveLength(6);
  });

  it('is made also of rankings alone, and of nothing', () => {
    const scores = input.scores.map((row) => ({ ...row, scores: { mrr: row.scores['mrr']! } }));
    const alone = { ...input, scores, table: matrixTable(input.evaluation.configurations, scores) };
    expect(reportHtml(alone)).toContain('MRR');
    expect(reportMarkdown(alone)).not.toContain('Token F1');
    const nothing = { ...input, scores: [], examples: [], table: matrixTable([], []) };
    expect(reportHtml(nothing)).toContain('Nothing has been measured yet');
  });

  it('holds no figure that is none', () => {
    for (const text of [page, reportMarkdown(input), reportCsv(input), reportJson(input)]) {
      expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/);
    }
  });
});

describe('the other forms', () => {
  it('Markdown has the same tables, and escapes what documents say', () => {
    const text = reportMarkdown(input);
    expect(text).toContain('| Search | Ranking | Recall@1 |');
    expect(text).toMatch(/\| tuned \| tuned \| \*\*0\.\d{3}\*\* \(/);
    const escaped = reportMarkdown(hostile());
    expect(escaped).not.toMatch(/(^|[^\\])<script/);
    expect(escaped).not.toContain('[a](');
  });

  it('CSV has every number once, and no cell that a spreadsheet runs', () => {
    const formula = { ...input, examples: input.examples.map((one) => ({ ...one, question: '=HYPERLINK("x")' })) };
    const { data, errors } = papaparse.parse<Record<string, string>>(reportCsv(formula), {
      header: true,
      skipEmptyLines: true,
    });
    expect(errors).toEqual([]);
    const numbers = input.scores.reduce((sum, { scores }) => sum + Object.keys(scores).length, 0);
    expect(data).toHaveLength(input.table.cells.length + input.table.differences.length + numbers);
    expect(data.at(-1)!['question']).toBe(`'=HYPERLINK("x")`);
    const mean = data.find(({ kind, metric }) => kind === 'mean' && metric === 'mrr')!;
    const cell = input.table.cells.find(({ metric }) => metric === 'mrr')!;
    expect(Number(mean['value'])).toBe(cell.mean);
  });

  it('JSON names the parts of each configuration and its metrics with intervals', () => {
    const report = JSON.parse(reportJson(input)) as {
      seed: number;
      configurations: { embedder: string; reranker: string; generator: string; metrics: Record<string, object> }[];
      differences: object[];
      questions: object[];
    };
    expect(report.seed).toBe(3);
    expect(report.configurations[4]).toMatchObject({ embedder: 'tuned', reranker: 'tuned', generator: 'base' });
    expect(Object.keys(report.configurations[4]!.metrics['recall@5']!)).toEqual(['value', 'low', 'high', 'n']);
    expect(report.differences).toHaveLength(input.table.differences.length);
    expect(report.questions).toHaveLength(input.scores.length);
  });
});
