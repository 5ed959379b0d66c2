import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute, type Source } from '../../../src/chat/attribution/attribute.ts';
import { claimsOf } from '../../../src/chat/attribution/claims.ts';
import type { Similarities } from '../../../src/chat/attribution/support.ts';
import { extractAnswer } from '../../../src/chat/extractive/extract.ts';
import { CHAT_KNOBS } from '../../../src/chat/settings.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { realSimilarities } from '../../support/cosine.ts';

const SOURCES: Source[] = [
  {
    number: 1,
    text:
      'Team members accrue twenty-five days of paid leave each calendar year. Leave must be requested at least 14 days ' +
      'in advance through the HR portal, and the manager answers within three working days.',
  },
  {
    number: 2,
    text:
      'Expenses for travel are reimbursed when the receipt is submitted within 30 days. Meals are covered up to 60 euros ' +
      'a day. Alcohol is never reimbursed.',
  },
  {
    number: 3,
    text:
      'The office in Utrecht opens at 7:30 and closes at 20:00. Visitors sign in at the reception and wear a badge while ' +
      'they are in the building.',
  },
];
const MINIMUM = CHAT_KNOBS.minimumSupport.default;

let embedder: Embedder;
let similarities: Similarities;
beforeAll(async () => {
  ({ embedder, similarities } = await realSimilarities());
});
afterAll(() => embedder.dispose());

const attributed = (answer: string) => attribute(answer, SOURCES, similarities, MINIMUM);

describe('sources of an answer', () => {
  test('a sentence without a citation gets the passage that says it', async () => {
    const { text, support } = await attributed(
      'Leave has to be requested 14 days in advance. Alcohol is never reimbursed.',
    );
    expect(text).toBe('Leave has to be requested 14 days in advance [1]. Alcohol is never reimbursed [2].');
    expect(support.map(({ basis, passages }) => [basis, passages])).toEqual([
      ['matched', [1]],
      ['matched', [2]],
    ]);
  });

  test('a citation that holds is kept as the model wrote it', async () => {
    const { text, support } = await attributed('Visitors sign in at the reception and wear a badge [3].');
    expect(text).toBe('Visitors sign in at the reception and wear a badge [3].');
    expect(support).toEqual([{ start: 0, end: text.length, passages: [3], basis: 'cited' }]);
  });

  test('a citation that does not hold is replaced by the passage that does', async () => {
    const { text, support } = await attributed('Visitors sign in at the reception [2].');
    expect(text).toBe('Visitors sign in at the reception [3].');
    expect(support[0]?.basis).toBe('matched');
  });

  test('an invented number is supported by nothing, however alike the rest is', async () => {
    const { text, support } = await attributed(
      'Leave has to be requested 30 days in advance through the HR portal [1].',
    );
    expect(text).toBe('Leave has to be requested 30 days in advance through the HR portal.');
    expect(support[0]).toMatchObject({ basis: 'none', passages: [] });
  });

  test('what no passage says is marked, and its citation dropped', async () => {
    const { text, support } = await attributed('Dogs are welcome in the cafeteria on Fridays [1][9].');
    expect(text).toBe('Dogs are welcome in the cafeteria on Fridays.');
    expect(support[0]?.basis).toBe('none');
  });

  test('offsets of the support point at its sentences in the rewritten answer', async () => {
    const answer =
      '- Meals are covered up to 60 euros a day [2]\n- Bring your own unicorn and balloons\n\nThe office closes at 20:00 [1].';
    const { text, support } = await attributed(answer);
    expect(support.map(({ start, end }) => text.slice(start, end))).toEqual([
      '- Meals are covered up to 60 euros a day [2]',
      '- Bring your own unicorn and balloons',
      'The office closes at 20:00 [3].',
    ]);
    expect(support.map(({ basis }) => basis)).toEqual(['cited', 'none', 'matched']);
  });

  test('an answer without claims stays as it is', async () => {
    for (const answer of ['', 'Yes.', 'The passages do not contain the answer.', '```\nlet answer = 42;\n```']) {
      expect(await attributed(answer)).toEqual({ text: answer, support: [] });
    }
  });
});

test('questions, headings, lead-ins, refusals, tables and code are no claims', () => {
  const answer = [
    '# Rules of the office building',
    'Here are the most important rules:',
    'Do you want to know more about expenses?',
    "I'm sorry, the rules are not in there.",
    '| opening hours | 7:30 to 20:00 |',
    '```\nconst visitors = reception.list();\n```',
    'Visitors wear a **badge** in the [building](https://example.org).',
  ].join('\n\n');
  expect(claimsOf(answer).map(({ plain }) => plain)).toEqual(['Visitors wear a badge in the building.']);
});

describe('an extractive answer', () => {
  test('is the sentence that answers the question, with its passage', async () => {
    const { text, support } = await extractAnswer('How long before must I request leave?', SOURCES, similarities);
    expect(text.split('\n\n')[0]).toMatch(/^Leave must be requested at least 14 days in advance.*\[1\]$/);
    expect(support[0]).toMatchObject({ passages: [1], basis: 'cited' });
    expect(text.slice(support[0]!.start, support[0]!.end)).toBe(text.split('\n\n')[0]);
  });

  test('says nothing twice when passages overlap', async () => {
    const twice = [SOURCES[1]!, { ...SOURCES[1]!, number: 2 }];
    const { text } = await extractAnswer('Is alcohol reimbursed?', twice, similarities);
    expect(text.match(/Alcohol is never reimbursed/g)).toHaveLength(1);
  });

  test('is empty for passages without a sentence', async () => {
    const table = [{ number: 1, text: '| a | b |\n|---|---|\n| 1 | 2 |' }];
    expect((await extractAnswer('What is a?', table, similarities)).text).toBe('');
  });
});
