import { expect, it } from 'vitest';
import { passageText } from '../../../src/retrieval/passage-text.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import type { PoolPassage } from '../../../src/training/examples.ts';
import type { EncoderTexts } from '../../../src/training/tasks/encoder.ts';
import { createRetrievalJudge } from '../../../src/training/tasks/retrieval-judge.ts';

const row = (question: string, answer: string, passage: string) =>
  ({ question, answer, passage, headings: [], documentKey: `${passage}.md` }) as unknown as ExampleRow;
const passage = (text: string): PoolPassage => ({ text, headings: [], documentKey: `${text}.md` });
const texts = {
  query: (text: string) => Array.from(text, (letter) => letter.charCodeAt(0)),
  passage: (found: PoolPassage) => Array.from(passageText(found), (letter) => letter.charCodeAt(0)),
} as unknown as EncoderTexts;
const examples = {
  train: [row('What is baked?', 'bread', 'Bread is baked at the river.')],
  validation: [row('Who sings in the sea?', 'the whale', 'The whale sings in the sea.')],
};
const workspace = ['A hammer lies beside the saw.', 'At night the whale is silent.', 'The lamp is lit.'].map(passage);
const poolOf = async (validationPool: number, passages: readonly PoolPassage[] | undefined) => {
  const input = { seed: 1, ...(passages && { workspacePassages: async () => passages }) };
  const judge = await createRetrievalJudge(input, { validationLimit: 10, validationPool }, examples, texts);
  return judge.pool.map(({ text }) => text);
};

it('lets the right passage be found among those of the workspace, as a search over it has to', async () => {
  expect(await poolOf(300, undefined)).toEqual(['The whale sings in the sea.', 'Bread is baked at the river.']);
  const pool = await poolOf(300, workspace);
  expect(pool.slice(0, 2)).toEqual(await poolOf(300, undefined));
  expect(pool.slice(2).toSorted()).toEqual(['A hammer lies beside the saw.', 'The lamp is lit.']);
});

it('leaves out what holds the answer of a question that is asked: it may be right, and nobody has said so', async () => {
  expect(await poolOf(300, workspace)).not.toContain('At night the whale is silent.');
});

it('takes no more passages than the pool has room for, the same ones each time', async () => {
  expect(await poolOf(3, [workspace[0]!, workspace[2]!])).toHaveLength(3);
  expect(await poolOf(3, workspace)).toEqual(await poolOf(3, workspace));
  expect(await poolOf(1, workspace)).toEqual(['The whale sings in the sea.']);
});
