/**
 * Writes what the app's search finds in a small pool, for a test of the node, which has to find the same:
 * `npx tsx scripts/generate/companion-first-stage.ts`. The passages are paragraphs of this repository's decisions, and a
 * few in other languages; their vectors are sums of random vectors of their words.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { passageText } from '../../src/retrieval/passage-text.ts';
import { FirstStage } from '../../src/training/tasks/first-stage.ts';
import { withPriors } from '../../src/training/tasks/shown-passages.ts';
import { trainingSettings } from '../../src/training/settings.ts';
import type { PoolPassage } from '../../src/training/examples.ts';
import { WordEmbedder } from '../../tests/support/word-embedder.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DECISIONS = 60;
const QUESTIONS = 50;
const FOUND = 20;

/** Of a note each: too short to tell their language alone, and long enough. */
const ELSEWHERE: [question: string, text: string][] = [
  [
    'Wo werden die Schlüssel der Werkstätten aufbewahrt?',
    'Die Schlüssel der Werkstätten hängen beim Pförtner, der sie nach Dienstschluss einsammelt. Wer länger arbeitet, trägt sich in die Liste ein und gibt den Schlüssel am nächsten Morgen zurück.',
  ],
  [
    'Quand les bibliothèques prêtent-elles des livres anciens ?',
    'Les bibliothèques prêtent les livres anciens pendant deux semaines, après un entretien avec la conservatrice. Les ouvrages les plus fragiles ne sortent jamais de la salle de lecture.',
  ],
  ['Which lamps burn?', 'The lamp burns.'],
];

const decisions = join(ROOT, 'docs/adr');
const names = (await readdir(decisions)).sort().slice(0, DECISIONS);
const pool: PoolPassage[] = [];
const titles: string[] = [];
for (const name of names) {
  const [title, ...paragraphs] = (await readFile(join(decisions, name), 'utf8')).trim().split(/\n{2,}/);
  const headings = [title!.replace(/^# /, '')];
  titles.push(headings[0]!);
  for (const text of paragraphs.filter((part) => !part.startsWith('#') && !part.startsWith('|'))) {
    pool.push({ text, headings: pool.length % 2 === 0 ? headings : [], documentKey: name });
  }
}
ELSEWHERE.forEach(([, text], i) => pool.push({ text, headings: [], documentKey: `elsewhere ${i}` }));
const sentences = pool.flatMap(({ text }) => text.replace(/\s+/g, ' ').split('. ').slice(1, 2));
const asked = [...ELSEWHERE.map(([question]) => question), ...titles.slice(0, 17), ...sentences];
const questions = asked.slice(0, QUESTIONS);

const embedder = new WordEmbedder('words', 16);
const rounded = (values: Float32Array) => Array.from(values, (value) => Number(value.toFixed(5)));
const vectors = rounded(await embedder.embed(pool.map(passageText), 'passage'));
const stage = await FirstStage.of(pool, Float32Array.from(vectors));
const settings = trainingSettings('reranker', {});
const cases: unknown[] = [];
for (const [i, question] of questions.entries()) {
  const vector = rounded(await embedder.embed([question], 'query'));
  const wanted = [i % pool.length];
  const found = stage.find(question, Float32Array.from(vector), FOUND, wanted);
  cases.push({
    question,
    vector,
    wanted,
    found: found.map(({ place, score }) => [place, score]),
    priors: withPriors(found, settings),
  });
}
const dimensions = 16;
const passages = pool.map(({ text, headings, documentKey }, i) => ({
  ...{ text, headings, document: documentKey },
  vector: vectors.slice(i * dimensions, (i + 1) * dimensions),
}));
const file = join(ROOT, 'companion/tests/fixtures/first-stage.json');
const { searchWeight } = settings;
await writeFile(file, `${JSON.stringify({ found: FOUND, searchWeight, passages, cases })}\n`);
