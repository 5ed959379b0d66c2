import { describe, expect, it } from 'vitest';
import { branchedExample, type Dialogue } from '../../../scripts/training/starters/branched.ts';
import type { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';

/** One token per character; the template is `role:content|` and an opening for the answer. */
const tokenizer = {
  encode: (text: string) => (text === '<|im_end|>' ? [0] : [...text].map((character) => character.codePointAt(0)!)),
  encodeChat: (turns: { content: string }[]) =>
    [...turns.map(({ content }) => content), '>']
      .join('|')
      .split('')
      .map((character) => character.codePointAt(0)!),
} as unknown as ChatTokenizer;

const ask = (question: string, target: string): Dialogue => ({
  turns: [{ role: 'user', content: `passages ${question}` }],
  target,
});

describe('examples with branches', () => {
  it('hold, branch by branch, exactly the prompt and the target of each dialogue', () => {
    const dialogues = [ask('who?', 'Ann [1]'), ask('where?', 'here [2]'), ask('who did it?', 'Bob [1]')];
    const { tokens, lossFrom, branches } = branchedExample(dialogues, tokenizer);
    expect(String.fromCodePoint(...tokens)).toBe('passages wh');
    expect(lossFrom).toBe(tokens.length);
    dialogues.forEach(({ turns, target }, i) => {
      const branch = branches![i]!;
      const prompt = tokenizer.encodeChat(turns);
      expect([...tokens, ...branch.tokens]).toEqual([...prompt, ...tokenizer.encode(target), 0]);
      expect(tokens.length + branch.lossFrom).toBe(prompt.length);
    });
  });

  it('leave every branch a token of its prompt, from which the target begins', () => {
    const { tokens, branches } = branchedExample([ask('who?', 'Ann'), ask('who?', 'Bob')], tokenizer);
    for (const { lossFrom } of branches!) expect(lossFrom).toBe(1);
    expect(tokens.length).toBe(tokenizer.encodeChat(ask('who?', '').turns).length - 1);
  });
});
