import { describe, expect, it } from 'vitest';
import { withSearchScores } from '../../../src/retrieval/reranker/with-search-scores.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { FirstStage } from '../../../src/training/tasks/first-stage.ts';
import { ShownPassages } from '../../../src/training/tasks/shown-passages.ts';
import { trainingSettings } from '../../../src/training/settings.ts';
import { WordEmbedder } from '../../support/word-embedder.ts';

const texts = [
  'The fox sleeps under the oak.',
  'The owl and the fox share the oak at night.',
  'A fox under an oak is seldom seen by day.',
  'The whale sings in the sea.',
  'A hammer lies beside the saw.',
  'The lamp is lit when the stone is cold.',
  'Bread is baked at the river.',
];
const pool = texts.map((text, i) => ({ text, headings: [], documentKey: `${i}.md` }));
const embedder = new WordEmbedder();
const vectors = await embedder.embed(texts, 'passage');
const stage = await FirstStage.of(pool, vectors);
const question = 'Which fox shares the oak with an owl at night?';
const [vector] = [await embedder.embed([question], 'query')];
const example = {
  question,
  answer: 'the owl',
  passage: texts[0]!,
  headings: [],
  negatives: [] as string[],
} as unknown as ExampleRow;

describe('the search before a ranking model', () => {
  it('finds by meaning and words, and tells the score of a passage that it would not have found', () => {
    const found = stage.find(question, vector!, 2);
    expect(found.map(({ place }) => place)).toContain(1);
    expect(found).toHaveLength(2);
    const wanted = stage.find(question, vector!, 2, [4]);
    expect(wanted.slice(0, 2)).toEqual(found);
    expect(wanted[2]).toMatchObject({ place: 4 });
    expect(wanted[2]!.score).toBeLessThan(found[1]!.score);
  });

  it('stems words by the language of their document, as the index of the workspace does', async () => {
    const documents = [
      'The keepers of the forest counted every badger, and each of them wrote down what had been seen at dusk and at dawn.',
      'Whoever follows the river down to the harbour will pass three mills, a chapel, an inn and the house of the ferryman.',
    ].map((text, i) => ({ text: `${text} ${text}`, headings: [], documentKey: `${i}.md` }));
    const same = Float32Array.of(1, 0, 1, 0);
    const byWords = await FirstStage.of(documents, same);
    // By meaning both are alike; not one word but "harbours" tells them apart, and that only once it is stemmed.
    const [first, second] = byWords.find('Which harbours are meant?', Float32Array.of(1, 0), 2);
    expect(first!.place).toBe(1);
    expect(first!.score).toBeGreaterThan(second!.score);
  });
});

describe('what a ranking model is shown', () => {
  const shown = (row: ExampleRow, settings: Record<string, unknown> = {}) => {
    const ranking = trainingSettings('reranker', { hardNegatives: 2, candidates: 5, ...settings });
    const passages = new ShownPassages([row], pool, ranking, 1);
    const found = stage.find(question, vector!, 5, passages.needed(0));
    return { found, chosen: passages.of(0, found) };
  };

  it('is the right passage, then others that were found: those that rank above it too, none that hold the answer', () => {
    const [first, second] = stage.find(question, vector!, 2);
    const row = { ...example, passage: texts[second!.place]!, answer: 'it is not said' };
    const wrongOf = (of: ExampleRow, seed: number) => {
      const passages = new ShownPassages([of], pool, trainingSettings('reranker', { hardNegatives: 2 }), seed);
      const [right, ...wrong] = passages.of(0, stage.find(question, vector!, 5, passages.needed(0)));
      expect(texts[right![0]]).toBe(of.passage);
      expect(wrong).toHaveLength(2);
      return wrong.map(([place]) => place);
    };
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    const found = stage.find(question, vector!, 5).map(({ place }) => place);
    const shown = new Set(seeds.flatMap((seed) => wrongOf(row, seed)));
    expect([...shown].every((place) => found.includes(place))).toBe(true);
    expect(shown).toContain(first!.place);
    const holder = texts.findIndex((text) => text.includes('The owl'));
    expect(seeds.flatMap((seed) => wrongOf(example, seed))).not.toContain(holder);
  });

  it('comes with what the search thinks of it: the best found counts as the whole weight', () => {
    const { found, chosen } = shown(example, { searchWeight: 12 });
    const best = found[0]!.score;
    for (const [place, prior] of chosen) {
      const { score } = found.find((entry) => entry.place === place)!;
      expect(prior).toBeCloseTo((12 * score) / best, 6);
    }
  });

  it('begins with the wrong passages that the data set names', () => {
    const { chosen } = shown({ ...example, negatives: [texts[6]!] });
    expect(chosen.map(([place]) => place).slice(0, 2)).toEqual([0, 6]);
  });
});

describe('the score of ranking model and search', () => {
  it('is the ranking model alone at weight 0, and does not depend on the unit of the search', () => {
    expect(withSearchScores([1, -2], [0.3, 0.9], 0)).toEqual([1, -2]);
    const [first, second] = withSearchScores([1, -2], [0.3, 0.9], 6);
    expect([first, second]).toEqual([1 + 2, -2 + 6]);
    expect(withSearchScores([1, -2], [0.003, 0.009], 6)[0]).toBeCloseTo(first!, 9);
  });

  it('is the ranking model alone where the search found nothing to like', () => {
    expect(withSearchScores([1, 2], [0, 0], 20)).toEqual([1, 2]);
  });
});
