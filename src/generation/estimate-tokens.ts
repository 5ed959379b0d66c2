import type { ChatTurn } from './contract.ts';

// Characters per token of English text are 4 to 5; 3.5 errs on the safe side. Each turn costs its markers.
const CHARACTERS_PER_TOKEN = 3.5;
const TOKENS_PER_TURN = 5;

/** An upper estimate of a conversation's tokens, for engines that cannot be asked to count. */
export function estimateTokens(turns: readonly ChatTurn[]): number {
  return turns.reduce(
    (sum, { content }) => sum + Math.ceil(content.length / CHARACTERS_PER_TOKEN) + TOKENS_PER_TURN,
    0,
  );
}
