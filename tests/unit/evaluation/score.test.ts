import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeMetric, inCatalogueOrder } from '../../../src/evaluation/metrics/catalogue.ts';
import { refuses } from '../../../src/evaluation/metrics/refusal.ts';
import { scoreAnswer, scoreRanking } from '../../../src/evaluation/metrics/score.ts';
import { cosineSimilarity } from '../../../src/evaluation/metrics/similarity.ts';

describe('scores of an answer', () => {
  it('judges citations by the passages that hold the answer', () => {
    const scores = scoreAnswer({
      answer: 'The mill burnt down in 1912 [2][3].',
      references: ['in 1912'],
      passages: ['Mills are old.', 'The mill burnt down in 1912.', 'The lake froze.'],
      rightPassages: new Set([1, 2]),
    });
    expect(scores).toMatchObject({ citationPrecision: 0.5, citationRecall: 0.5, ngramOverlap: 1, answerWords: 6 });
    expect(scores.falseRefusal).toBe(0);
  });

  it('asks of an unanswerable question only that it is declined', () => {
    expect(scoreAnswer({ answer: 'Not in your documents.', references: [] })).toEqual({
      refusalAccuracy: 1,
      answerWords: 4,
    });
    expect(scoreAnswer({ answer: 'In 1912.', references: [''] }).refusalAccuracy).toBe(0);
  });

  it('leaves out what does not apply', () => {
    const declined = scoreAnswer({ answer: 'I do not know.', references: ['1912'], rightPassages: new Set([1]) });
    expect(declined).toMatchObject({ falseRefusal: 1, exactMatch: 0 });
    expect(declined).not.toHaveProperty('citationRecall');
    expect(scoreAnswer({ answer: '1912', references: ['1912'], rightPassages: new Set([1]) })).not.toHaveProperty(
      'citationPrecision',
    );
  });

  it('gives numbers within the catalogue’s range for any text, and 1 for the reference itself', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(
        text,
        fc.array(text, { maxLength: 3 }),
        fc.array(text, { maxLength: 2 }),
        (answer, references, passages) => {
          const vectors = { answer: [1, 0], reference: [0, 0] };
          const given = { answer, references, passages, rightPassages: new Set([1]), vectors };
          for (const [key, value] of Object.entries(scoreAnswer(given))) {
            const [low, high] = describeMetric(key)!.range;
            expect(value, key).toBeGreaterThanOrEqual(low);
            expect(value, key).toBeLessThanOrEqual((high ?? Infinity) + 1e-12);
          }
        },
      ),
      { numRuns: 40 },
    );
    const itself = scoreAnswer({ answer: 'the red mill by the lake', references: ['the red mill by the lake'] });
    for (const key of ['exactMatch', 'tokenF1', 'rouge1', 'rouge2', 'rougeL', 'bleu', 'chrf']) {
      expect(itself[key], key).toBeCloseTo(1, 12);
    }
  });
});

describe('scores of a ranking', () => {
  it('are absent where nothing is relevant', () => {
    expect(scoreRanking(['a'], new Set())).toEqual({});
  });

  it('tell whether all needed passages were found', () => {
    const scores = scoreRanking(['a', 'x', 'b'], new Set(['a', 'b']), [1, 3]);
    expect(scores).toMatchObject({ 'hit@1': 1, 'recall@1': 0.5, 'contextRecall@1': 0, 'contextRecall@3': 1 });
    // Precision 1 at the first place, 2/3 at the third.
    expect(scores.map).toBeCloseTo(5 / 6, 12);
  });

  it('never fall when more is looked at, and a hit is at least the share found', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(ids, ids, (ranked, relevant) => {
        const scores = scoreRanking(ranked, new Set(relevant), [3, 5]);
        for (const metric of ['hit', 'recall', 'contextRecall']) {
          expect(scores[`${metric}@5`]).toBeGreaterThanOrEqual(scores[`${metric}@3`]!);
        }
        expect(scores['hit@5']).toBeGreaterThanOrEqual(scores['recall@5']!);
        expect(scores['recall@5']).toBeGreaterThanOrEqual(scores['contextRecall@5']!);
      }),
    );
  });
});

describe('refusals', () => {
  it.each([
    '',
    'Not in your documents.',
    'The documents do not contain the answer.',
    'I don’t know.',
    'Sorry, I cannot find this in the passages.',
    'The answer is not given in the passages.',
    'Das steht nicht in den Dokumenten.',
  ])('"%s" declines', (answer) => expect(refuses(answer)).toBe(true));

  it.each([
    '1912 [2]',
    'It was not found until 1912.',
    'No, the mill burnt down.',
    'The documents were signed in 1912.',
    'Nothing happened before 1912.',
    'Die Mühle steht nicht mehr.',
  ])('"%s" answers', (answer) => expect(refuses(answer)).toBe(false));

  it('knows the words that a model was given for it', () => {
    expect(refuses('Keine Ahnung, leider.', ['keine Ahnung'])).toBe(true);
  });
});

describe('the catalogue', () => {
  it('describes every metric that is scored, and orders them', () => {
    const scores = {
      ...scoreRanking(['a'], new Set(['a'])),
      ...scoreAnswer({ answer: 'a [1]', references: ['a'], passages: ['a'], rightPassages: new Set([1]) }),
    };
    for (const key of Object.keys(scores)) expect(describeMetric(key), key).toBeDefined();
    expect(describeMetric('recall@5')).toMatchObject({ term: 'Recall@5', group: 'retrieval', better: 'higher' });
    expect(describeMetric('recall@1')!.help).toBe('Share of the right passages that stand at the first place.');
    // A mean of scores of single answers: corpus BLEU adds up counts first, and gives another number.
    expect(describeMetric('bleu')).toMatchObject({ term: 'Sentence BLEU' });
    expect(describeMetric('something')).toBeUndefined();
    expect(inCatalogueOrder(['tokenF1', 'recall@10', 'own', 'recall@5', 'hit@5'])).toEqual([
      'hit@5',
      'recall@5',
      'recall@10',
      'tokenF1',
      'own',
    ]);
  });
});

describe('closeness of embeddings', () => {
  it('is the cosine, and 0 without a direction', () => {
    expect(cosineSimilarity([1, 1], [2, 0])).toBeCloseTo(Math.SQRT1_2, 12);
    expect(cosineSimilarity([0, 0], [2, 0])).toBe(0);
    expect(() => cosineSimilarity([1], [1, 2])).toThrow(RangeError);
  });
});
