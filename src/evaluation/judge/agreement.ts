import type { MessageRow, VoteRow } from '../../storage/schema.ts';
import { cohenKappa, type Agreement } from '../statistics/kappa.ts';
import { judgedRight } from './verdict.ts';
import { USER } from './voters.ts';

/** Items below which agreement says little whatever its value. */
const FEW = 20;

/** An answer with the user's thumb and the judge's score of it. */
export interface RatedAnswer {
  feedback: Pick<NonNullable<MessageRow['feedback']>, 'vote'>;
  /** In [0, 1]; undefined: the judge had no valid verdict. */
  score: number | undefined;
}

/** A judge's agreement with the user's thumbs: an answer that it takes for right counts as a thumb up. */
export function agreementWithThumbs(rated: readonly RatedAnswer[]): Agreement {
  const known = rated.filter(({ score }) => score !== undefined);
  return cohenKappa(
    known.map(({ feedback }) => feedback.vote),
    known.map(({ score }) => (judgedRight(score!) ? 'up' : 'down')),
  );
}

/**
 * A judge's agreement with the user's choices between two answers: votes on the same question and the same two answers,
 * in whichever order they were shown. "Neither" is a tie.
 *
 * @param judge `VoteRow.by` of the judge; votes of all others but judges count as the user's
 */
export function agreementWithVotes(votes: readonly VoteRow[], judge: string, user = USER): Agreement {
  const judged = new Map(votes.filter(({ by }) => by === judge).map((vote) => [pairKey(vote), chosenAnswer(vote)]));
  const pairs = votes
    .filter(({ by }) => by === user)
    .flatMap((vote) => {
      const other = judged.get(pairKey(vote));
      return other === undefined ? [] : [[side(vote, chosenAnswer(vote)), side(vote, other)] as const];
    });
  return cohenKappa(
    pairs.map(([own]) => own),
    pairs.map(([, other]) => other),
  );
}

const RATED = {
  rating: { none: 'No answer has both your rating and the judge’s', more: 'rate more answers' },
  vote: { none: 'No two answers have both your vote and the judge’s', more: 'vote on more answers' },
};

/** What a kappa means, in words (bands of Landis and Koch 1977), and whether it rests on enough of what was compared. */
export function agreementInWords({ n, observed, kappa }: Agreement, compared: keyof typeof RATED = 'rating'): string {
  const { none, more } = RATED[compared];
  if (n === 0) return `${none}, so nothing is known of how far to trust it.`;
  const same = `same verdict as you on ${Math.round(observed * n)} of ${n}`;
  const few = n < FEW ? ` With ${n} ${compared}s this says little; ${more} to be surer.` : '';
  if (!kappa)
    return `The judge gave the ${same}, but all verdicts are alike, so chance cannot be told from skill.${few}`;
  const value = `${kappa.value.toFixed(2)} (95 % ${kappa.low.toFixed(2)} to ${kappa.high.toFixed(2)})`;
  return `The judge gave the ${same}: ${band(kappa.value)} agreement beyond chance, Cohen’s kappa ${value}.${few}`;
}

function band(kappa: number): string {
  if (kappa < 0.01) return 'no';
  if (kappa < 0.21) return 'slight';
  if (kappa < 0.41) return 'fair';
  if (kappa < 0.61) return 'moderate';
  return kappa < 0.81 ? 'substantial' : 'almost full';
}

function pairKey({ question, answers }: VoteRow): string {
  return JSON.stringify([question, ...answers.map(({ answer }) => answer).sort()]);
}

/** The chosen answer's text, '' for none of them. */
function chosenAnswer({ answers, winner }: VoteRow): string {
  return typeof winner === 'number' ? answers[winner].answer : '';
}

/** Labels that do not depend on the order: the answer that comes first by its text, the other, or neither. */
function side({ answers }: VoteRow, chosen: string): 'first' | 'second' | 'tie' {
  if (chosen === '') return 'tie';
  return chosen === answers.map(({ answer }) => answer).sort()[0] ? 'first' : 'second';
}
