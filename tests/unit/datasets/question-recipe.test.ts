import { describe, expect, it } from 'vitest';
import { parseQuestion, questionTarget, questionTurns } from '../../../src/datasets/question-recipe.ts';

const passage = 'The harbour of Ellsworth was dredged\nin 1912, at a cost of 4,500 dollars.';

describe('the form in which questions are written', () => {
  it('reads back what it trains to write', () => {
    const pair = { answer: 'in 1912', question: 'When was the harbour dredged?' };
    expect(parseQuestion(questionTarget(pair), passage)).toEqual(pair);
  });

  it('takes the first pair where a model goes on', () => {
    const text = 'Answer: 1912\nQuestion: When?\nAnswer: 4,500 dollars\nQuestion: What did it cost?';
    expect(parseQuestion(text, passage)).toEqual({ answer: '1912', question: 'When?' });
  });

  it('refuses an answer that does not stand in the passage as whole words', () => {
    expect(parseQuestion('Answer: 1913\nQuestion: When?', passage)).toBeUndefined();
    expect(parseQuestion('Answer: 191\nQuestion: When?', passage)).toBeUndefined();
  });

  it('refuses what keeps to no form', () => {
    for (const text of ['When was it dredged?', 'Answer:\nQuestion: When?', 'Answer: 1912\nQuestion:', 'Answer: 1912'])
      expect(parseQuestion(text, passage), text).toBeUndefined();
  });

  it('shows the passage on one line, and of a long one its beginning', () => {
    expect(questionTurns(passage)[1].content).toBe(passage.replace('\n', ' '));
    expect(questionTurns('word '.repeat(1000))[1].content).toHaveLength(1200);
  });
});
