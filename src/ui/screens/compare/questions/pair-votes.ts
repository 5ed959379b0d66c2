import { USER } from '../../../../evaluation/judge/voters.ts';
import type { EvaluationScoreRow, VoteRow } from '../../../../storage/schema.ts';
import type { Winner } from '../duel/votes.ts';

/** For whom a vote on the answers of two configurations was; undefined: it was on others. */
export function chosenBy({ answers, winner }: VoteRow, a: string, b: string): 'a' | 'b' | 'even' | undefined {
  const ids = answers.map(({ configurationId }) => configurationId);
  if (!ids.includes(a) || !ids.includes(b)) return undefined;
  if (typeof winner !== 'number') return 'even';
  return ids[winner] === a ? 'a' : 'b';
}

/** What one judge said of two configurations. */
export interface JudgeTally {
  by: string;
  a: number;
  b: number;
  even: number;
}

/** By judge, in the order of their first votes. */
export function judgeTallies(votes: readonly VoteRow[], a: string, b: string): JudgeTally[] {
  const tallies = new Map<string, JudgeTally>();
  for (const vote of votes) {
    const side = chosenBy(vote, a, b);
    if (vote.by === USER || !side) continue;
    const tally = tallies.get(vote.by) ?? { by: vote.by, a: 0, b: 0, even: 0 };
    tally[side]++;
    tallies.set(vote.by, tally);
  }
  return [...tallies.values()];
}

type Side = Pick<EvaluationScoreRow, 'configurationId' | 'answer'>;

/** Votes on these very answers, in whichever order they were shown. */
export function votesOn(votes: readonly VoteRow[], question: string, sides: readonly [Side, Side]): VoteRow[] {
  const wrote = (vote: VoteRow, { configurationId, answer }: Side) =>
    vote.answers.some((voted) => voted.configurationId === configurationId && voted.answer === answer);
  return votes.filter((vote) => vote.question === question && sides.every((side) => wrote(vote, side)));
}

/** The user's vote on two answers that stand side by side; it takes the place of one from before. */
export function pairVote(vote: {
  workspaceId: string;
  question: string;
  sides: readonly [Side & { name: string }, Side & { name: string }];
  winner: Winner;
  before: VoteRow | undefined;
}): VoteRow {
  const { workspaceId, question, sides, winner, before } = vote;
  const voted = ({ configurationId, name, answer = '' }: (typeof sides)[0]) => ({ configurationId, name, answer });
  return {
    id: before?.id ?? crypto.randomUUID(),
    ...{ workspaceId, question, winner },
    answers: [voted(sides[0]), voted(sides[1])],
    blind: false,
    by: USER,
    createdAt: Date.now(),
  };
}
