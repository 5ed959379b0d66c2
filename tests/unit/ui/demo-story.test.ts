import { describe, expect, test } from 'vitest';
import { configuration } from '../../../src/evaluation/matrix/index.ts';
import { widestGap } from '../../../src/ui/screens/demo/result.ts';
import { checkStory } from '../../../src/ui/screens/demo/story.ts';

describe('what the demonstration says of its questions', () => {
  test('is how many passed, and which rules took out the others', () => {
    expect(checkStory({ kept: 52, removed: { nearDuplicate: 2, roundTrip: 6 } })).toBe(
      '52 of 60 questions passed the checks. Taken out: 6 by Round trip, 2 by Near-duplicates.',
    );
    expect(checkStory({ kept: 1, removed: {} })).toBe('1 of 1 question passed the checks.');
  });
});

describe('the pair of answers', () => {
  const model = (name: string) => ({ name, modelId: name });
  const of = (embedder: string | null, generator: string) =>
    configuration({
      embedder: embedder === null ? null : model(embedder),
      reranker: null,
      generator: model(generator),
    });
  const [base, tuned, alone] = [of('search', 'base'), of('search', 'tuned'), of(null, 'tuned')];
  const row = ({ id: configurationId }: { id: string }, exampleId: string, tokenF1: number) => ({
    ...{ configurationId, exampleId, scores: { tokenF1 } },
  });
  const scores = [
    ...[row(base, 'a', 0.5), row(tuned, 'a', 0.6), row(alone, 'a', 1)],
    ...[row(base, 'b', 0.1), row(tuned, 'b', 0.9), row(alone, 'b', 0)],
    row(tuned, 'only the tuned', 1),
  ];

  test('is the one with the largest gain among those that read passages, with the number it was chosen from', () => {
    expect(widestGap([base, tuned, alone], scores)).toMatchObject({
      exampleId: 'b',
      chosenFrom: 2,
      answers: [
        { name: base.name, row: { scores: { tokenF1: 0.1 } } },
        { name: tuned.name, row: { scores: { tokenF1: 0.9 } } },
      ],
    });
  });

  test('is none where nothing is tuned', () => {
    expect(widestGap([base, alone], scores)).toBeUndefined();
  });
});
