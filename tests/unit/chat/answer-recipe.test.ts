import { describe, expect, it } from 'vitest';
import {
  ANSWER_RECIPE,
  answerTarget,
  answerTurns,
  CLOSED_BOOK_RECIPE,
  isClosedBook,
  isRefusal,
  readingWindow,
  reasonedTarget,
  refusalTarget,
  splitReason,
  withReasons,
} from '../../../src/chat/prompt/answer-recipe.ts';

const FILLER = 'The valley lies between two ridges of slate. ';

describe('a reason before the answer', () => {
  const recipe = withReasons(ANSWER_RECIPE);
  const written = reasonedTarget('30 days', [2, 3], 'The leave\nsection says so.');

  it('is written and read back, and an answer without one too', () => {
    expect(written).toBe('Reason: The leave section says so.\nAnswer: 30 days [2][3]');
    expect(splitReason(recipe, written)).toEqual({ answer: '30 days [2][3]', reason: 'The leave section says so.' });
    expect(splitReason(recipe, reasonedTarget('30', [1], undefined))).toEqual({ answer: '30 [1]' });
    expect(splitReason(recipe, recipe.refusal)).toEqual({ answer: recipe.refusal });
    expect(splitReason(ANSWER_RECIPE, written)).toEqual({ answer: written });
  });

  it('is never taken for the answer while it is being written', () => {
    const answers = [...written].map((_, i) => splitReason(recipe, written.slice(0, i + 1)).answer);
    for (const answer of answers) expect('30 days [2][3]'.startsWith(answer)).toBe(true);
    expect(answers.at(-1)).toBe('30 days [2][3]');
  });
});

describe('the prompt of a tuned generator', () => {
  it('numbers passages from 1, a line each, with the innermost heading, and ends with the question', () => {
    const passages = [
      { headings: ['Handbook', 'Leave'], text: 'Ask two weeks\nbefore.' },
      { headings: [], text: 'Lunch is at noon.' },
    ];
    const [system, user] = answerTurns(ANSWER_RECIPE, passages, 'When is lunch?');
    expect(system).toEqual({ role: 'system', content: ANSWER_RECIPE.system });
    expect(user.content).toBe('[1] Leave: Ask two weeks before.\n[2] Lunch is at noon.\nQuestion: When is lunch?');
    expect(answerTarget('at  noon', [2])).toBe('at noon [2]');
  });

  it('shows the words of links in place of links, and no pictures; numbers in brackets stay', () => {
    const text =
      'Ask the [People team](/handbook/people_(all)/) or [@ann](https://a.b). ![Map](m.png) See [1] and `a[0](b)`.';
    const [, user] = answerTurns(ANSWER_RECIPE, [{ headings: ['[Leave](/leave)'], text }], 'Whom?');
    expect(user.content).toContain('[1] Leave: Ask the People team or @ann. See [1] and `a[0](b)`.');
  });

  it('asks by heart with no passage, and takes an answer without citation', () => {
    const [system, user] = answerTurns(
      CLOSED_BOOK_RECIPE,
      [{ headings: [], text: 'Lunch is at noon.' }],
      'When is lunch?',
    );
    expect([system.content, user.content]).toEqual(['Answer the question in a few words.', 'Question: When is lunch?']);
    expect(answerTarget('at  noon', [])).toBe('at noon');
    expect([isClosedBook(CLOSED_BOOK_RECIPE), isClosedBook(ANSWER_RECIPE), isClosedBook(undefined)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('shows no more passages than the recipe says', () => {
    const passages = Array.from({ length: 5 }, (_, i) => ({ headings: [], text: `Fact ${i}.` }));
    const [, user] = answerTurns({ ...ANSWER_RECIPE, passages: 2 }, passages, 'Which?');
    expect(user.content).toBe('[1] Fact 0.\n[2] Fact 1.\nQuestion: Which?');
  });

  it('shows of a long passage whole sentences around the one that the question is about', () => {
    const text = FILLER.repeat(30) + 'The lighthouse of Ellsworth was built in 1912. ' + FILLER.repeat(30);
    const shown = readingWindow(text, 'When was the lighthouse of Ellsworth built?', 300);
    expect(shown.length).toBeLessThanOrEqual(300);
    expect(shown).toContain('The lighthouse of Ellsworth was built in 1912.');
    expect(shown).toMatch(/^The .*\.$/);
    expect(readingWindow(FILLER, 'Where?', 300)).toBe(FILLER.trim());
    expect(readingWindow('|cell'.repeat(100), 'cell?', 60)).toHaveLength(60);
  });
});

describe('a refusal', () => {
  it('is known by its words, whatever its case and ending', () => {
    expect(isRefusal(ANSWER_RECIPE, refusalTarget(ANSWER_RECIPE))).toBe(true);
    expect(isRefusal(ANSWER_RECIPE, ' not in your documents')).toBe(true);
    expect(isRefusal(ANSWER_RECIPE, 'Not in your drawer [1]')).toBe(false);
    expect(isRefusal(ANSWER_RECIPE, 'It is in your documents. [2]')).toBe(false);
  });
});
