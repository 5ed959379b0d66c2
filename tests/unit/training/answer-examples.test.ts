import { expect, it } from 'vitest';
import type { ChatTurn } from '../../../src/generation/contract.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { answerExamples } from '../../../src/training/tasks/answer-examples.ts';

const render = (turns: readonly ChatTurn[]) => turns.map(({ role, content }) => `${role}: ${content}\n`).join('');
const encode = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
const tokenizer = {
  render,
  encode,
  encodeChat: (turns: readonly ChatTurn[]) => encode(render(turns)),
  stopTokens: new Set([10]),
};
const example = (ordinal: number, split: ExampleRow['split']) =>
  ({
    ...{ ordinal, split, headings: [], negatives: [], documentKey: 'a.md' },
    question: `What is thing ${ordinal}?`,
    answer: `Answer ${ordinal}`,
    passage: `${split} passage ${ordinal}`,
  }) as unknown as ExampleRow;
const rows = (split: ExampleRow['split'], from: number) =>
  Array.from({ length: 8 }, (_, i) => example(from + i, split));
const examples = { train: rows('train', 0), validation: rows('validation', 8) };

it('nothing that a model is judged by stands in a prompt that it learns from', () => {
  const settings = { lossOn: 'everything', passages: 8, maxTokens: 2000 };
  const { learned, judged } = answerExamples(tokenizer, examples, { settings, seed: 1 });
  const texts = (from: typeof learned) => from.map(({ tokens }) => String.fromCharCode(...tokens));
  for (const text of texts(learned)) {
    expect(text).toMatch(/train passage/);
    expect(text).not.toMatch(/validation passage/);
  }
  for (const text of texts(judged)) expect(text).toMatch(/validation passage/);
});

it('by heart: the question alone is asked, the answer alone is learned, and no passage is shown', () => {
  const settings = { learns: 'closed-book', refusals: 0.5, reasons: true, maxTokens: 2000 };
  const { learned, judged } = answerExamples(tokenizer, examples, { settings, seed: 1 });
  const said = (from: typeof learned) =>
    from.map(({ tokens, lossFrom }) => [
      String.fromCharCode(...tokens.slice(0, lossFrom)),
      String.fromCharCode(...tokens.slice(lossFrom)).trim(),
    ]);
  expect(said(learned)).toEqual(
    examples.train.map(({ question, answer }) => [
      `system: Answer the question in a few words.\nuser: Question: ${question}\n`,
      answer,
    ]),
  );
  expect(said(judged).map(([, answer]) => answer)).toEqual(
    expect.arrayContaining(examples.validation.map(({ answer }) => answer)),
  );
});
