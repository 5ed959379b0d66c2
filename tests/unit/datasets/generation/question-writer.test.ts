import { describe, expect, test } from 'vitest';
import type { SearchPassages } from '../../../../src/datasets/contract.ts';
import type { AnswerCandidate } from '../../../../src/datasets/generation/candidates.ts';
import { generationSettings } from '../../../../src/datasets/generation/settings.ts';
import { draftProblem } from '../../../../src/datasets/generation/writer/checks.ts';
import type { Draft } from '../../../../src/datasets/generation/writer/drafts.ts';
import { QuestionWriter } from '../../../../src/datasets/generation/writer/question-writer.ts';

const text = 'The **harbour** opens at [nine](/hours). Ferries leave from the northern pier every day of the summer.';
const passage = {
  chunk: { id: 'own', documentId: 'd', headings: ['Town', 'Harbour'], text },
  documentKey: 'd',
  place: 4,
};
const never = new AbortController().signal;

// In the text as it is read, without its mark-up.
const read = 'The harbour opens at nine. Ferries leave from the northern pier every day of the summer.';
const evidence = { start: read.indexOf('Ferries'), end: read.length };

const draft = (question: string, changes: Partial<Draft> = {}): Draft => ({
  question,
  finished: true,
  likelihood: -1,
  candidate: { start: 0, end: 0, text: 'the northern pier', kind: 'fact', evidence },
  ...changes,
});

/** A writer whose model says what is given; `seen` is what the model was shown. */
function writer(drafts: Draft[], settings: Record<string, unknown> = {}, search?: SearchPassages) {
  const seen: { passage: string; candidates: readonly AnswerCandidate[]; seed: number }[] = [];
  const made = new QuestionWriter({
    generator: 'starter',
    drafts: {
      write: async (shown, candidates, { seed }) => {
        seen.push({ passage: shown, candidates, seed });
        return { drafts, tokens: { prompt: 10, output: 5 } };
      },
    },
    settings: generationSettings('writer', settings),
    seed: 1,
    search,
  });
  return { made, seen };
}

const hit = (chunkId: string) => ({ chunkId, documentKey: 'd', headings: [], text: '' });

describe('a draft', () => {
  test.each([
    ['is fine when it asks', draft('Where do the ferries leave from?'), undefined],
    ['was cut', draft('Where do the ferries leave', { finished: false }), 'unfinished'],
    ['asks nothing', draft('The ferries leave from somewhere.'), 'no question'],
    ['is too short', draft('Where from?'), 'no question'],
    ['speaks of its passage', draft('What does the passage say about ferries?'), 'speaks of its passage'],
    ['leaves out what it is about', draft('Where do they leave from every day?'), 'speaks of its passage'],
    ['gives itself away', draft('Do ferries leave from the northern pier today?'), 'holds its own answer'],
    ['goes in circles', draft('Where do the ferries of the ferries of the ferries go?'), 'goes in circles'],
  ])('%s', (_, given, problem) => {
    expect(draftProblem(given)).toBe(problem);
  });
});

describe('the question writer', () => {
  test('shows the model the headings and the text without mark-up, and answers that stand there', async () => {
    const { made, seen } = writer([]);
    await made.write(passage, never);
    expect(seen[0]!.passage).toBe(`Town, Harbour: ${read}`);
    expect(seen[0]!.candidates.length).toBeGreaterThan(1);
    for (const { text: answer } of seen[0]!.candidates) expect(text).toContain(answer);
  });

  test('reads whole sentences of a part of a long passage, the same ones again', async () => {
    const long = Array.from({ length: 40 }, (_, i) => `Ferry ${i} leaves from pier number ${i} at dawn.`).join(' ');
    const { made, seen } = writer([], { reads: 300 });
    const given = { ...passage, chunk: { ...passage.chunk, text: long, headings: [] } };
    await made.write(given, never);
    await made.write(given, never);
    expect(seen[0]!.passage.length).toBeLessThanOrEqual(300);
    expect(seen[0]!.passage).toMatch(/^Ferry .*dawn\.$/);
    expect(seen[1]).toEqual(seen[0]);
  });

  test('keeps the likeliest drafts that find their passage, and counts the others by reason', async () => {
    const search: SearchPassages = async (questions) =>
      questions.map((question) => (question.includes('lost') ? [hit('other')] : [hit('other'), hit('own')]));
    const drafts = [
      draft('Where do the ferries leave from?', { likelihood: -0.9 }),
      draft('Where do ferries leave from?', { likelihood: -1.5 }),
      draft('When are the lost things given back?', { likelihood: -0.1 }),
      draft('How often does a ferry go in summer?', { likelihood: -0.5 }),
      draft('Which season has ferries on all days?', { likelihood: -2 }),
      draft('Nothing at all to ask about here'),
    ];
    const { made } = writer(drafts, { perPassage: 2 }, search);
    const { questions, dropped, drafts: count } = await made.write(passage, never);
    expect(questions.map(({ question }) => question)).toEqual([
      'How often does a ferry go in summer?',
      'Where do the ferries leave from?',
    ]);
    expect(count).toBe(6);
    expect(dropped).toEqual({
      'no question': 1,
      'does not find its passage': 1,
      'asked before': 1,
      'more than wanted': 1,
    });
  });

  test('goes by likelihood alone where nothing can be searched', async () => {
    const { made } = writer([
      draft('Where do the ferries leave from?'),
      draft('When does the harbour close?', { likelihood: -0.2 }),
    ]);
    const { questions } = await made.write(passage, never);
    expect(questions[0]!.question).toBe('When does the harbour close?');
  });

  test('quotes the evidence in the thought, at its place in the passage with its mark-up', async () => {
    const { made } = writer([draft('Where do the ferries leave from?')]);
    const [question] = (await made.write(passage, never)).questions;
    const { start, end } = question!.evidence!;
    expect(text.slice(start, end)).toBe('Ferries leave from the northern pier every day of the summer.');
    expect(question!.thought).toContain('Ferries leave from the northern pier every day of the summer.');
    expect(question!.answer).toBe('the northern pier');
  });
});
