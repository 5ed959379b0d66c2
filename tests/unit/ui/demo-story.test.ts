import { describe, expect, test } from 'vitest';
import { checkStory } from '../../../src/ui/screens/demo/story.ts';

describe('what the demonstration says of its questions', () => {
  test('is how many passed, and which rules took out the others', () => {
    expect(checkStory({ kept: 52, removed: { nearDuplicate: 2, roundTrip: 6 } })).toBe(
      '52 of 60 questions passed the checks. Taken out: 6 by Round trip, 2 by Near-duplicates.',
    );
    expect(checkStory({ kept: 1, removed: {} })).toBe('1 of 1 question passed the checks.');
  });
});
