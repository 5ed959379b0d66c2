import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { DemoOutcome } from '../../scripts/demo/outcome.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const program =
  (name: string) =>
  (...args: string[]) =>
    run(process.execPath, ['node_modules/tsx/dist/cli.mjs', `scripts/${name}.ts`, ...args]);
const demo = program('demo');
const evaluate = program('evaluate');

/** Documents with made-up names: nothing but reading them tells the answers. */
const PLACES = [
  'Ellsworth',
  'Marlow',
  'Finch',
  'Tarrow',
  'Oakham',
  'Pellworm',
  'Quiddle',
  'Rasten',
  'Sutterby',
  'Vale',
];

describe('the demonstration and its evaluation on the command line', () => {
  test('go from documents and questions to a matrix of base and tuned, and measure a saved workspace alike', async () => {
    const folder = temporaryFolder();
    const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
    const documents = PLACES.map((place, i) => ({
      id: place,
      title: `${place} harbour`,
      text: `The harbour of ${place} was dredged in ${1901 + i}. Its keeper was called ${place.slice(0, 3)}mar the ${i + 2}th, who wrote down the weather every morning and kept the books in the town hall of ${place}.`,
    }));
    const questions = PLACES.flatMap((place, i) => [
      { question: `When was the harbour of ${place} dredged?`, answer: String(1901 + i), doc_ids: [place] },
      { question: `What was the keeper of ${place} called?`, answer: `${place.slice(0, 3)}mar`, doc_ids: [place] },
    ]);
    // Ids that come to one file name, a document that holds no text, and questions that name it.
    documents.push(...['Out/er', 'Out er'].map((id) => ({ id, title: '', text: `The mole of ${id} is of stone.` })));
    documents.push({ id: 'empty', title: '', text: ' ' });
    questions.push(
      { question: 'Of what are the outer moles made?', answer: 'stone', doc_ids: ['Out/er', 'Out er'] },
      { question: 'What lies in the mist?', answer: 'nothing', doc_ids: ['empty'] },
    );
    await writeFile(join(folder, 'docs.jsonl'), lines(documents));
    await writeFile(join(folder, 'questions.jsonl'), lines(questions));
    const [json, report] = [join(folder, 'out.json'), join(folder, 'out.html')];
    const saved = join(folder, 'workspace.zip');

    const { stdout } = await demo(
      ...['--docs', join(folder, 'docs.jsonl'), '--questions', join(folder, 'questions.jsonl')],
      ...[
        '--tune',
        'embedder,reranker',
        '--minutes',
        '0.1',
        '--test-share',
        '0.3',
        '--json',
        json,
        '--report',
        report,
        '--save',
        saved,
      ],
    );

    const outcome = JSON.parse(await readFile(json, 'utf8')) as DemoOutcome;
    expect(outcome).toMatchObject({ seed: 1, data: { documents: 12, questions: 21 } });
    const { test: asked } = outcome.data;
    expect(asked).toBeGreaterThanOrEqual(4);
    expect(stdout).toContain('Left out: 1 of 22 questions');
    expect(outcome.configurations.map(({ embedder, reranker, generator }) => [embedder, reranker, generator])).toEqual([
      ...['base', 'tuned'].flatMap((search) => ['none', 'base', 'tuned'].map((ranking) => [search, ranking, 'none'])),
    ]);
    for (const { metrics } of outcome.configurations) {
      const { value, low, high, n } = metrics['recall@5']!;
      expect(n).toBe(asked);
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
    }
    expect(outcome.differences.find(({ metric }) => metric === 'recall@5')).toMatchObject({ n: asked });
    expect(Object.keys(outcome.timings)).toEqual(expect.arrayContaining(['documents', 'tuning', 'measuring']));
    expect(stdout).toContain('recall@5');
    expect(await readFile(report, 'utf8')).toContain('Recall@5');

    await evaluate('--workspace', saved, '--json', json, '--report', report);
    const again = JSON.parse(await readFile(json, 'utf8')) as DemoOutcome;
    expect(again.configurations.map(({ metrics }) => metrics['mrr'])).toEqual(
      outcome.configurations.map(({ metrics }) => metrics['mrr']),
    );
  }, 900_000);

  test('end with a status and a sentence when its input is wrong', async () => {
    const failed = demo('--docs', join(temporaryFolder(), 'nowhere'));
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('--docs takes a folder') });
  });
});
