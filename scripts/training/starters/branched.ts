import type { CausalExample } from '../../../src/engine/training/batches.ts';
import type { ChatTurn } from '../../../src/generation/contract.ts';
import type { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';

/** A conversation and what the model is to say next. */
export interface Dialogue {
  turns: ChatTurn[];
  target: string;
}

/**
 * Dialogues that begin alike (the same passages, different questions) as one example: what they share is computed
 * once. Shared is the longest common beginning of their tokens, so every branch reads exactly what serving would.
 */
export function branchedExample(dialogues: readonly Dialogue[], tokenizer: ChatTokenizer): CausalExample {
  const end = tokenizer.encode('<|im_end|>');
  const prompts = dialogues.map(({ turns }) => tokenizer.encodeChat(turns));
  // Of the shortest prompt one token stays with its branch: its last one predicts the target's first.
  let shared = Math.min(...prompts.map((prompt) => prompt.length)) - 1;
  for (const prompt of prompts) {
    let same = 0;
    while (same < shared && prompt[same] === prompts[0]![same]) same++;
    shared = same;
  }
  const branches = dialogues.map(({ target }, i) => {
    const rest = prompts[i]!.slice(shared);
    return { tokens: [...rest, ...tokenizer.encode(target), ...end], lossFrom: rest.length };
  });
  return { tokens: prompts[0]!.slice(0, shared), lossFrom: shared, branches };
}
