import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { applyRules } from '../../src/datasets/quality/apply-rules.ts';
import type { CheckedRow } from '../../src/datasets/quality/rule.ts';
import { compared, questionSimilarity, SimilarQuestions } from '../../src/datasets/quality/similar-questions.ts';
import { benchRow, type BenchRow } from './bench-row.ts';

const FOLDER = '../shared/data/attackqa-like';
const ASKED = 1_000;
const KNOWN = 10_000;
const LEAST = 0.8;

/** Checks of a data set's rows in Node, one thread: all rules that need no search, and like questions among many. */
export async function run(): Promise<BenchRow[]> {
  const rows = readRows();
  const started = performance.now();
  await applyRules(rows);
  const seconds = (performance.now() - started) / 1000;
  console.log(`  all rules without a search, ${rows.length} rows: ${(rows.length / seconds).toFixed(0)} rows/s`);

  const questions = rows.map(({ question }) => question);
  const [asked, known] = [questions.slice(0, ASKED), questions.slice(ASKED, ASKED + KNOWN)];
  const ours = timed(() => {
    const index = new SimilarQuestions(known, LEAST);
    return asked.map((question) => index.nearest(question)?.similarity ?? 0);
  });
  const all = known.map(compared);
  const peer = timed(() =>
    asked.map((question) => {
      const own = compared(question);
      const best = all.reduce((most, other) => Math.max(most, questionSimilarity(own, other)), 0);
      return best >= LEAST ? best : 0;
    }),
  );
  if (ours.found.some((similarity, i) => similarity !== peer.found[i]))
    throw new Error('The index and the comparison of all pairs found other questions.');
  return [
    benchRow({
      name: `questions like each of ${ASKED} among ${KNOWN}`,
      ours: ours.seconds,
      peer: peer.seconds,
      peerName: 'all pairs',
      unit: 's',
      better: 'lower',
    }),
  ];
}

function timed(compute: () => number[]): { found: number[]; seconds: number } {
  const started = performance.now();
  return { found: compute(), seconds: (performance.now() - started) / 1000 };
}

function readRows(): CheckedRow[] {
  if (!existsSync(FOLDER)) throw new Error(`${FOLDER} is missing: this bench reads its questions.`);
  const lines = <T>(name: string) =>
    gunzipSync(readFileSync(`${FOLDER}/${name}.jsonl.gz`))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  const documents = new Map(lines<{ doc_id: string; text: string }>('corpus').map((row) => [row.doc_id, row]));
  return lines<{ question: string; answer: string; relevant_doc_ids: string[] }>('qa').flatMap(
    ({ question, answer, relevant_doc_ids: [id] }): CheckedRow[] => {
      const document = documents.get(id!);
      return document ? [{ question, answer, passage: document.text, headings: [], documentKey: id! }] : [];
    },
  );
}
