import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerCandidates, spreadCandidates } from '../../../../src/datasets/generation/candidates.ts';
import { seededRandom } from '../../../../src/engine/training/random.ts';

const found = (text: string) => answerCandidates(text).map((candidate) => candidate.text);

describe('answer candidates', () => {
  test.each([
    ['numbers with what they count', 'Leave has to be asked for 14 days before.', '14 days'],
    ['amounts', 'A desk costs at most $1,500 in all.', '$1,500'],
    ['dates', 'The office opened on 3 March 2019 in Lyon.', '3 March 2019'],
    ['names within a sentence', 'Questions go to Maria Santos every week.', 'Maria Santos'],
    ['channels', 'Say so in #people-help at once.', '#people-help'],
    ['what is quoted', 'Write “out of office” into the calendar.', 'out of office'],
    [
      'what a thing is',
      'A runbook is a list of steps for an incident. It is short.',
      'a list of steps for an incident',
    ],
    ['how something is done', 'Reset it by holding both buttons down.', 'holding both buttons down'],
    ['items of lists', 'You need:\n- a clean workspace\n- gloves for both hands', 'gloves for both hands'],
    ['cells of tables', '| Part | Owner |\n| --- | --- |\n| Billing | the finance team |', 'the finance team'],
    ['terms', 'It went through careful quality control again.', 'careful quality control'],
  ])('are %s', (_, text, answer) => {
    expect(found(text)).toContain(answer);
  });

  test('are no list numbers, no function words, nothing across lines', () => {
    const text = '1. Ask them about it\n2. Wait';
    expect(found(text)).not.toContain('1');
    expect(found(text).some((answer) => answer.includes('\n'))).toBe(false);
  });

  test('stand where they say, within their evidence', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('The', 'red', 'fox', 'is', 'a', '12', '.', '\n- ', '|', 'Oslo', '“x y”')),
        (words) => {
          const text = words.join(' ');
          for (const { start, end, text: answer, evidence } of answerCandidates(text)) {
            expect(text.slice(start, end)).toBe(answer);
            expect(evidence.start <= start && end <= evidence.end).toBe(true);
          }
        },
      ),
    );
  });

  test('are spread over the sentences before one sentence gives a second', () => {
    const text = 'Oaks grow in Norway. Elms grow in Sweden. Ash trees grow in Finland.';
    const chosen = spreadCandidates(answerCandidates(text), 3, seededRandom(1));
    expect(new Set(chosen.map(({ evidence }) => evidence.start)).size).toBe(3);
  });

  test('that overlap are not chosen together', () => {
    const text = 'The large finance team of Oslo Harbour pays travel costs within 14 days in April 2020.';
    const chosen = spreadCandidates(answerCandidates(text), 20, seededRandom(2));
    for (const [i, a] of chosen.entries())
      for (const b of chosen.slice(i + 1)) expect(a.end <= b.start || b.end <= a.start).toBe(true);
  });
});
