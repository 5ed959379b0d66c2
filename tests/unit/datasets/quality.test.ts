import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyRules } from '../../../src/datasets/quality/apply-rules.ts';
import type { CheckedRow } from '../../../src/datasets/quality/rule.ts';
import { compared, questionSimilarity, SimilarQuestions } from '../../../src/datasets/quality/similar-questions.ts';
import { RULE_KEYS, type QualityRuleKey } from '../../../src/datasets/settings.ts';

const passage =
  'Employees get 25 days of leave a year. Requests go to the manager two weeks before the first day, and unused days expire in March.';
const row = (changes: Partial<CheckedRow> = {}): CheckedRow => ({
  question: 'How many days of leave does an employee get?',
  answer: '25 days',
  passage,
  headings: ['Leave'],
  documentKey: 'leave.md',
  split: 'train',
  ...changes,
});

async function findingOf(rule: QualityRuleKey, changes: Partial<CheckedRow>) {
  const [judged] = await applyRules([row(changes)], { only: [rule] });
  return judged!.quality.findings[0]!;
}

describe('a question by itself', () => {
  it.each([
    ['How many days of leave does an employee get?', undefined],
    ['List the steps of a leave request', undefined],
    ['Is it true that that rule holds for managers?', undefined],
    ['How many days days of leave are there?', 'twice in a row'],
    ['How many days (of leave are there?', 'not closed'],
    ['How many days of leave, and', undefined],
    ['How many days of leave,', 'breaks off'],
    ['1234 5678 ?', 'no words'],
    ['Whyyyyyyy not take leave?', 'repeated'],
    ['Do requests go to the manager two weeks before?', 'own answer', 'requests go to the manager'],
    ['Do requests go to the manager or to the team?', undefined, 'go to the manager'],
  ])('is well-formed or not: %s', async (question, reason, answer = '25 days') => {
    const finding = await findingOf('wellFormed', { question, answer });
    expect(finding.verdict).toBe(reason ? 'failed' : 'passed');
    if (reason) expect(finding.reason).toContain(reason);
  });

  it.each([
    ['What does this passage say about leave?', true],
    ['According to the text, how many days are there?', true],
    ['Which deadline is mentioned above?', true],
    ['What is it?', true],
    ['Was steht in diesem Abschnitt über Urlaub?', true],
    ['What does section 4 of the handbook regulate?', false],
    ['Who signs the document before it is filed?', false],
    ['How long does a text message stay on the server?', false],
  ])('points at a text that nobody sees, or not: %s', async (question, points) => {
    expect((await findingOf('selfContained', { question })).verdict).toBe(points ? 'failed' : 'passed');
  });

  it('is too short or too long in words', async () => {
    expect((await findingOf('length', { question: 'Leave?' })).verdict).toBe('failed');
    expect((await findingOf('length', { answer: 'word '.repeat(400) })).verdict).toBe('failed');
    expect((await findingOf('length', { question: '年次有給休暇は何日ありますか' })).verdict).toBe('passed');
  });

  it('is in another language than its passage, as far as its length tells', async () => {
    const german = {
      question: 'Wie viele Urlaubstage stehen den Beschäftigten in einem Kalenderjahr insgesamt zu?',
      answer: 'Den Beschäftigten stehen fünfundzwanzig Tage zu, die im März verfallen, wenn sie niemand nimmt.',
    };
    expect((await findingOf('language', german)).verdict).toBe('failed');
    expect((await findingOf('language', {})).verdict).not.toBe('failed');
  });
});

describe('the answer in its passage', () => {
  it('is there word for word, in other words, hardly, or not at all', async () => {
    const verdicts = await Promise.all(
      [
        { answer: '25 days of leave' },
        { answer: 'Employees are given 25 days of leave each year' },
        { answer: 'Their manager approves requests on Fridays' },
        { answer: 'Paris is the capital of France' },
        { answer: '' },
        { answer: '', kind: 'fact' as const },
      ].map(async (changes) => (await findingOf('support', changes)).verdict),
    );
    expect(verdicts).toEqual(['passed', 'passed', 'unknown', 'failed', 'passed', 'failed']);
  });

  it('is for a model to tell where words do not, if one is there', async () => {
    const unclear = row({ answer: 'Their manager approves requests on Fridays' });
    const judged = await applyRules([unclear], {
      only: ['support'],
      entails: async () => ({ score: 0.1, reason: 'It says nothing of that.' }),
    });
    expect(judged[0]).toMatchObject({ removedBy: 'support' });
    const again = await applyRules([{ ...unclear, ...judged[0] }], { only: ['support'] });
    expect(again).toEqual(judged);
  });
});

describe('the round trip', () => {
  const generated = { provenance: { origin: 'writer' as const }, chunkId: 'c1' };
  const search = (chunkIds: string[]) => async (questions: readonly string[], limit: number) =>
    questions.map(() =>
      chunkIds
        .slice(0, limit)
        .map((chunkId) => ({ chunkId, documentKey: '', headings: [], text: `Something about ${chunkId}.` })),
    );

  it('takes out generated questions that do not find their passage, and asks nobody else', async () => {
    const rows = [row(generated), row({ ...generated, chunkId: 'c9' }), row({ chunkId: 'c9' })];
    const judged = await applyRules(rows, { only: ['roundTrip'], search: search(['c2', 'c1']) });
    expect(judged.map(({ quality, removedBy }) => [quality.findings[0]!.verdict, removedBy])).toEqual([
      ['passed', undefined],
      ['failed', 'roundTrip'],
      ['unknown', undefined],
    ]);
    expect(judged[0]!.quality.score).toBe(0.5);
  });

  it('stands by what an earlier search found when there is none now, also for another number of places', async () => {
    const found = await applyRules([row(generated)], { only: ['roundTrip'], search: search(['c2', 'c3', 'c1']) });
    const again = (topK: number) =>
      applyRules([row({ ...generated, ...found[0] })], { only: ['roundTrip'], rules: { roundTrip: { topK } } });
    expect((await again(3))[0]!.removedBy).toBeUndefined();
    expect((await again(2))[0]!.removedBy).toBe('roundTrip');
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(applyRules([row(generated)], { search: search([]), signal })).rejects.toThrow();
  });
});

describe('rows beside each other', () => {
  it('keeps one of several like questions on a passage: the accepted one, else the first', async () => {
    const rows = [
      row(),
      row({ question: 'How many days of leave does an employee get per year?', review: 'accepted' }),
      row({ passage: 'Another passage, on the same question.', answer: '25' }),
      row({ question: 'How many days of leave does an employee get in 2020?' }),
      row({ question: 'How many days of leave does an employee get in 2021?' }),
    ];
    const judged = await applyRules(rows, { only: ['nearDuplicate'] });
    expect(judged.map(({ removedBy }) => removedBy)).toEqual([
      'nearDuplicate',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('lets a row that is out of use keep no other one out', async () => {
    const rows = [row({ answer: 'Paris is the capital of France' }), row()];
    const judged = await applyRules(rows, { only: ['support', 'nearDuplicate'] });
    expect(judged.map(({ removedBy }) => removedBy)).toEqual(['support', undefined]);
  });

  it('takes rows for training out that give the test part away, and never a row of the test part', async () => {
    const rows = [
      row({ split: 'test', documentKey: 'a.md' }),
      row({ documentKey: 'b.md', passage: 'A copy of it.', question: 'How many days of leave does an employee get' }),
      row({ documentKey: 'a.md', question: 'When do unused days expire?', answer: 'March', passage: 'In March.' }),
      row({ documentKey: 'c.md', question: 'What is the claim for holidays?' }),
      row({ documentKey: 'd.md', question: 'Whom are requests sent to?', answer: 'the manager' }),
      row({ split: 'test', documentKey: 'e.md', question: 'Eh eh?', passage: 'Nothing.', answer: 'Something else' }),
    ];
    const judged = await applyRules(rows, { only: ['wellFormed', 'leakage'] });
    expect(judged.map(({ removedBy }) => removedBy)).toEqual([
      undefined,
      'leakage',
      'leakage',
      'leakage',
      undefined,
      undefined,
    ]);
    expect(judged[5]!.quality.findings[0]!.verdict).toBe('failed');
    const byPassage = await applyRules(rows, { only: ['leakage'], splitBy: 'passage' });
    expect(byPassage[2]!.removedBy).toBeUndefined();
  });

  it('finds a subject in two parts where the split was by subject: a folder, or the first heading', async () => {
    const other = (n: number) => ({ question: `Which is number ${n}?`, answer: `n${n}`, passage: `It is n${n}.` });
    const rows = [
      row({ split: 'test', documentKey: 'leave/days.md' }),
      row({ ...other(1), documentKey: 'leave/expiry.md' }),
      row({ ...other(2), documentKey: 'pay/days.md' }),
      row({ ...other(3), split: 'validation', documentKey: 'book.md', headings: ['Travel', 'Trains'] }),
      row({ ...other(4), documentKey: 'guide.md', headings: ['Travel', 'Hotels'] }),
      row({ ...other(5), documentKey: 'book.md', headings: ['Security'] }),
    ];
    const removed = async (splitBy: string) =>
      (await applyRules(rows, { only: ['leakage'], splitBy })).map(({ removedBy }) => removedBy === 'leakage');
    expect(await removed('subject')).toEqual([false, true, false, false, true, false]);
    expect(await removed('document')).toEqual([false, false, false, false, false, true]);
    const [, leaks] = await applyRules(rows, { only: ['leakage'], splitBy: 'subject' });
    expect(leaks!.quality.findings[0]!.reason).toBe('Its subject leave also lies in the part for the test.');
  });

  it('takes rows that name no document for rows of different ones', async () => {
    const rows = [
      row({ split: 'test', documentKey: '' }),
      row({ documentKey: '', question: 'When do unused days expire?', answer: 'March', passage: 'In March.' }),
    ];
    const judged = await applyRules(rows, { only: ['leakage'] });
    expect(judged.map(({ removedBy }) => removedBy)).toEqual([undefined, undefined]);
  });

  it('takes nothing out by a rule that is off, and still says what it found', async () => {
    const [judged] = await applyRules([row({ question: 'Leave?' })], { rules: { length: { on: false } } });
    expect(judged!.removedBy).toBeUndefined();
    expect(judged!.quality.findings.map(({ rule }) => rule)).toEqual(RULE_KEYS);
    expect(judged!.quality.findings.find(({ rule }) => rule === 'length')!.verdict).toBe('failed');
  });
});

describe('similar questions', () => {
  it('are found by the rare words as by comparing all with all', () => {
    const word = fc.constantFrom('leave', 'days', 'how', 'many', 'manager', 'of', 'what', '2020', '2021', 'is', 'the');
    const question = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(
        fc.array(question, { minLength: 1, maxLength: 12 }),
        question,
        fc.constantFrom(0.5, 0.8, 1),
        (known, asked, least) => {
          const best = Math.max(...known.map((other) => questionSimilarity(compared(asked), compared(other))));
          const found = new SimilarQuestions(known, least).nearest(asked);
          expect(found?.similarity ?? 0).toBe(best >= least ? best : 0);
        },
      ),
    );
  });
});
