import { describe, expect, test } from 'vitest';
import type { VoteRow } from '../../../../src/storage/schema.ts';
import { chosenBy, judgeTallies, pairVote, votesOn } from '../../../../src/ui/screens/compare/questions/pair-votes.ts';

const answer = (configurationId: string, text = `${configurationId} says`) => ({
  ...{ configurationId, name: configurationId.toUpperCase(), answer: text },
});
const vote = (by: string, ids: [string, string], winner: VoteRow['winner'], question = 'q'): VoteRow => ({
  ...{ id: `${by} ${question}`, workspaceId: 'w', question, winner, by, blind: true, createdAt: 0 },
  answers: [answer(ids[0]), answer(ids[1])],
});

describe('votes on two combinations', () => {
  test('are for the one that won, whichever way round they were shown', () => {
    expect(chosenBy(vote('Box', ['a', 'b'], 0), 'a', 'b')).toBe('a');
    expect(chosenBy(vote('Box', ['b', 'a'], 0), 'a', 'b')).toBe('b');
    expect(chosenBy(vote('Box', ['a', 'b'], 'neither'), 'a', 'b')).toBe('even');
    expect(chosenBy(vote('Box', ['a', 'c'], 0), 'a', 'b')).toBeUndefined();
  });

  test('are counted by judge, without those of people and of other pairs', () => {
    const votes = [
      vote('Box', ['a', 'b'], 0, '1'),
      vote('Box', ['b', 'a'], 0, '2'),
      vote('Box', ['b', 'a'], 1, '3'),
      vote('Other', ['a', 'b'], 'tie', '1'),
      vote('user', ['a', 'b'], 0, '1'),
      vote('Box', ['a', 'c'], 0, '1'),
    ];
    expect(judgeTallies(votes, 'a', 'b')).toEqual([
      { by: 'Box', a: 2, b: 1, even: 0 },
      { by: 'Other', a: 0, b: 0, even: 1 },
    ]);
  });

  test('belong to a question only with the answers that were chosen between', () => {
    const votes = [vote('Box', ['b', 'a'], 0), vote('Box', ['a', 'b'], 0, 'another')];
    expect(votesOn(votes, 'q', [answer('a'), answer('b')])).toEqual([votes[0]]);
    expect(votesOn(votes, 'q', [answer('a', 'something else'), answer('b')])).toEqual([]);
  });

  test('of the user are one for two answers: a second thought takes the place of the first', () => {
    const sides = [answer('a'), answer('b')] as const;
    const first = pairVote({ workspaceId: 'w', question: 'q', sides, winner: 0, before: undefined });
    const second = pairVote({ workspaceId: 'w', question: 'q', sides, winner: 'tie', before: first });
    expect(second).toMatchObject({ id: first.id, by: 'user', winner: 'tie', blind: false });
    expect(votesOn([second], 'q', sides)).toEqual([second]);
  });
});
