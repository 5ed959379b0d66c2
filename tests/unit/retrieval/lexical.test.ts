import fc from 'fast-check';
import MiniSearch from 'minisearch';
import { describe, expect, it } from 'vitest';
import { Analyzer, matchedWords } from '../../../src/retrieval/lexical/analyzer.ts';
import { LexicalIndex } from '../../../src/retrieval/lexical/lexical-index.ts';

const BM25 = { k1: 1.2, b: 0.75 };

function indexOf(texts: string[], language = 'en'): LexicalIndex {
  const index = new LexicalIndex();
  texts.forEach((text, i) => index.add(i, text, language));
  return index;
}

const passages = (index: LexicalIndex, query: string) => index.search(query, 10, BM25).map(({ passage }) => passage);

describe('words become terms', () => {
  it.each([
    ['en', 'Connections', 'connected'],
    ['en', 'connecting', 'connection'],
    ['de', 'Häuser', 'Hauses'],
    ['de', 'Kündigungen', 'kündigung'],
    ['fr', 'continuellement', 'continuelle'],
    ['es', 'canciones', 'canción'],
    ['ru', 'книги', 'книгами'],
    ['en', 'café', 'cafe'],
    ['en', 'l\u2019eau', "l'eau"],
    ['xx', 'Straße', 'straße'],
  ])('%s: %s and %s are one', (language, a, b) => {
    const analyzer = new Analyzer(language);
    expect(analyzer.words(a)[0]!.term).toBe(analyzer.words(b)[0]!.term);
  });

  // The stems of the published Porter2 sample vocabulary, where Porter 1 and naive suffix cutting differ.
  it.each([
    ['consigned', 'consign'],
    ['consistency', 'consist'],
    ['knightly', 'knight'],
    ['kneeling', 'kneel'],
    ['generously', 'generous'],
    ['skies', 'sky'],
    ['dying', 'die'],
    ['news', 'news'],
    ['succeeding', 'succeed'],
  ])('English %s has the stem %s', (word, stem) => {
    expect(new Analyzer('en').words(word)[0]!.term).toBe(stem);
  });

  it('keeps codes and numbers searchable', () => {
    expect(new Analyzer('en').words('Error E-4711 in max_batch_size').map(({ term }) => term)).toEqual([
      'error',
      'e',
      '4711',
      'in',
      'max',
      'batch',
      'size',
    ]);
  });

  it('cuts scripts without spaces into pairs', () => {
    expect(new Analyzer('ja').words('東京都 2024').map(({ term }) => term)).toEqual(['東京', '京都', '2024']);
  });
});

describe('BM25', () => {
  it('equals the formula, worked by hand', () => {
    const index = indexOf(['red fox red', 'red', 'blue whale song here now'], 'xx');
    const hits = index.search('red', 10, BM25);
    // N 3, df 2: idf = ln(1 + 1.5 / 2.5); mean length 3. tf / (tf + 1.2 (0.25 + 0.75 length / 3))
    const idf = Math.log(1.6);
    expect(hits.map(({ passage }) => passage)).toEqual([0, 1]);
    expect(hits[0]!.score).toBeCloseTo((idf * 2) / (2 + 1.2), 6);
    expect(hits[1]!.score).toBeCloseTo(idf / (1 + 1.2 * 0.5), 6);
  });

  it('finds other forms of a word, which the default settings of MiniSearch do not', () => {
    const texts = ['The committee organised meetings.', 'An organ is an instrument.'];
    expect(passages(indexOf(texts), 'meeting of committees')).toEqual([0]);
    const mini = new MiniSearch({ fields: ['text'] });
    mini.addAll(texts.map((text, id) => ({ id, text })));
    expect(mini.search('committees')).toEqual([]);
  });

  it('leaves out stop words, unless there is nothing else', () => {
    const index = indexOf(['The engine is loud.', 'To be, or not to be.', 'What is the purpose of where?']);
    expect(passages(index, 'What is the engine?')).toEqual([0]);
    expect(passages(index, 'to be or not to be')[0]).toBe(1);
  });

  it('meets each passage in its own language', () => {
    const index = new LexicalIndex();
    index.add(0, 'Die Häuser der Stadt', 'de');
    index.add(1, 'The houses of the city', 'en');
    index.add(2, 'Berlin hat viele Häuser', 'de');
    index.add(3, 'Berlin is a city', 'en');
    expect(passages(index, 'Haus').sort()).toEqual([0, 2]);
    expect(passages(index, 'house')).toEqual([1]);
    expect(passages(index, 'Berlin').sort()).toEqual([2, 3]);
  });

  it('looks only at what is allowed, with unchanged scores', () => {
    const index = indexOf(['red fox', 'red whale', 'red song of red foxes']);
    const all = index.search('red fox', 10, BM25);
    expect(index.search('red fox', 10, BM25, Uint8Array.of(1, 1, 0))).toEqual(
      all.filter(({ passage }) => passage !== 2),
    );
  });

  it('finds nothing for nothing', () => {
    const index = indexOf(['red fox']);
    for (const query of ['', '   ', '?!', 'zebra']) expect(passages(index, query)).toEqual([]);
    expect(new LexicalIndex().search('red', 5, BM25)).toEqual([]);
  });

  it('ranks passages the same after removals, additions and a snapshot as a fresh index does', () => {
    const word = fc.constantFrom('red', 'fox', 'whale', 'song', 'blue', 'sea', 'tree');
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(text, { minLength: 3, maxLength: 12 }), fc.array(fc.nat(11)), text, (texts, gone, query) => {
        const removed = new Set(gone.filter((i) => i < texts.length));
        const kept = texts.map((_, i) => i).filter((i) => !removed.has(i));
        const changed = indexOf(texts, 'xx');
        for (const i of removed) changed.remove(i);
        const fresh = indexOf(
          kept.map((i) => texts[i]!),
          'xx',
        );
        const expected = fresh.search(query, 20, BM25);
        expect(changed.size).toBe(kept.length);
        expect(changed.search(query, 20, BM25)).toEqual(
          expected.map(({ passage, score }) => ({ passage: kept[passage], score })),
        );
        const restored = LexicalIndex.fromState(changed.state(kept));
        expect(restored.search(query, 20, BM25)).toEqual(expected);
        // A restored index grows like any other.
        restored.add(kept.length, query, 'xx');
        fresh.add(kept.length, query, 'xx');
        expect(restored.search(query, 20, BM25)).toEqual(fresh.search(query, 20, BM25));
      }),
    );
  });
});

describe('marking', () => {
  it('names the words as they stand in the text, once each', () => {
    expect(matchedWords('Who organises a meeting?', 'Organised Meetings: meetings are organised.', 'en')).toEqual([
      'Organised',
      'Meetings',
      'meetings',
      'organised',
    ]);
  });
});
