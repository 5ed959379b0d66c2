import type { SideAnswer } from '../../../../chat/side-by-side.ts';
import { USER } from '../../../../evaluation/judge/voters.ts';
import type { VotedAnswer, VoteRow } from '../../../../storage/schema.ts';
import type { PipelineOption } from '../pipeline-options.svelte.ts';

export type Winner = VoteRow['winner'];

/** What can be said of two answers beside each other. */
export const VERDICTS: readonly { winner: Winner; label: string }[] = [
  { winner: 0, label: 'Left is better' },
  { winner: 1, label: 'Right is better' },
  { winner: 'tie', label: 'Equally good' },
  { winner: 'neither', label: 'Neither is' },
];

/** A choice between two answers as it is kept. */
export function voteRow(vote: {
  workspaceId: string;
  question: string;
  sides: readonly [VotedSide, VotedSide];
  winner: Winner;
  blind: boolean;
}): VoteRow {
  const { workspaceId, question, sides, winner, blind } = vote;
  return {
    id: crypto.randomUUID(),
    ...{ workspaceId, question, winner, blind },
    answers: [votedAnswer(sides[0]), votedAnswer(sides[1])],
    by: USER,
    createdAt: Date.now(),
  };
}

interface VotedSide {
  option: PipelineOption;
  answer: SideAnswer;
}

function votedAnswer({ option, answer }: VotedSide): VotedAnswer {
  return {
    configurationId: option.key,
    name: option.label,
    // What the model itself said; a refusal is shown in the app's words.
    answer: answer.replacedText ?? answer.text,
    prompt: JSON.stringify(answer.prompt),
  };
}

/**
 * Votes as preference data, a JSON object per line in the conversational form that TRL's DPOTrainer reads: `prompt`,
 * `chosen` and `rejected` as lists of messages. The prompt is the one that the chosen answer was written from. Ties and
 * votes for neither say nothing about preference and are left out.
 */
export function preferenceLines(votes: readonly VoteRow[]): string {
  return votes
    .flatMap((vote) => {
      if (vote.winner !== 0 && vote.winner !== 1) return [];
      const chosen = vote.answers[vote.winner];
      const rejected = vote.answers[vote.winner === 0 ? 1 : 0];
      return [
        JSON.stringify({
          prompt: promptOf(chosen, vote.question),
          chosen: [{ role: 'assistant', content: chosen.answer }],
          rejected: [{ role: 'assistant', content: rejected.answer }],
          chosen_model: chosen.name,
          rejected_model: rejected.name,
          judged_by: vote.by,
        }),
      ];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function promptOf({ prompt }: VotedAnswer, question: string): unknown {
  if (prompt) {
    try {
      const turns: unknown = JSON.parse(prompt);
      if (Array.isArray(turns) && turns.length > 0) return turns;
    } catch {
      // An imported vote may hold its prompt as plain text.
      return [{ role: 'user', content: prompt }];
    }
  }
  return [{ role: 'user', content: question }];
}
