import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvaluationRequest } from '../../../src/evaluation/contract.ts';
import { allCombinations, configurationId } from '../../../src/evaluation/matrix/configurations.ts';
import { summary } from '../../../src/evaluation/matrix/summary.ts';
import type { EvaluationScoreRow, PipelineConfiguration } from '../../../src/storage/schema.ts';
import {
  DOCUMENTS,
  of,
  QUESTIONS,
  search,
  setUpLab,
  tunedSearch,
  tunedWriter,
  WORKSPACE,
  writer,
} from '../../support/evaluation-lab.ts';

type Lab = Awaited<ReturnType<typeof setUpLab>>;
type Says = NonNullable<Parameters<Lab['start']>[0]>['says'];

/** Rows of one configuration, in the order of the questions. */
async function ask(
  lab: Lab,
  configuration: PipelineConfiguration,
  { says, ...more }: Partial<EvaluationRequest> & { says?: Says } = {},
): Promise<EvaluationScoreRow[]> {
  const { service } = lab.start(says && { says });
  const id = await service.create({ workspaceId: WORKSPACE, datasetId: 'd', configurations: [configuration], ...more });
  await service.proceed(id);
  return lab.db.evaluationScores.where('evaluationId').equals(id).toArray();
}

describe('right passages', () => {
  it('are found by text where the id of a data set is not that of the workspace, whatever case and spaces', async () => {
    const [first, ...rest] = QUESTIONS;
    const passage = first!.passage.toUpperCase().replaceAll(' ', '\n ');
    const rows = await ask(
      await setUpLab({ questions: [{ ...first!, passage, chunkId: 'gone' }, ...rest] }),
      of(search),
    );
    expect(rows.map(({ rank }) => rank)).toEqual([1, 1, 1]);
  });

  it('are found in a passage that was cut anew since', async () => {
    const whole = DOCUMENTS[0]!.passages.join(' ');
    const lab = await setUpLab({
      documents: [{ path: 'leave.md', passages: [whole] }],
      questions: QUESTIONS.slice(0, 1),
    });
    const [row] = await ask(lab, of(search));
    expect(row).toMatchObject({ rank: 1, passages: [{ text: whole, relevant: true }] });
  });

  it('come from the data set itself where no document has them', async () => {
    const lab = await setUpLab({ documents: [] });
    const rows = await ask(lab, of(search));
    expect(rows.map(({ rank }) => rank)).toEqual([1, 1, 1]);
    expect(rows[0]!.passages).toHaveLength(3);
    expect((await lab.db.evaluations.toArray())[0]!.passageCount).toBe(3);
  });

  it('are all those of a question that stands in several rows', async () => {
    const { question, answer } = QUESTIONS[0]!;
    const second = { question, answer, passage: DOCUMENTS[0]!.passages[1] as string, documentKey: 'leave.md' };
    const rows = await ask(await setUpLab({ questions: [QUESTIONS[0]!, second] }), of(search));
    for (const { scores } of rows) expect(scores).toMatchObject({ 'recall@1': 0.5, 'hit@1': 1 });
  });

  it('count as found by a passage that says nearly the same', async () => {
    const text = DOCUMENTS[0]!.passages[0] as string;
    const copy = `${text} Always.`;
    const lab = await setUpLab({ documents: [{ path: 'a.md', passages: [copy] }, ...DOCUMENTS] });
    const [first] = await lab.db.chunks.where('documentId').equals('w/a.md').toArray();
    const [original] = await lab.db.chunks.where('documentId').equals('w/leave.md').sortBy('ordinal');
    await lab.db.chunks.update(first!.id, { nearDuplicateOf: original!.id });
    const [row] = await ask(lab, of(search), { questions: 1 });
    expect(row!.rank).toBe(1);
  });
});

describe('what went wrong', () => {
  const asking = of(search, null, writer);
  const failures = async (says: Says, questions = QUESTIONS, more: Partial<EvaluationRequest> = {}) =>
    (await ask(await setUpLab({ questions }), asking, { says, ...more })).map(({ failure }) => failure);
  const always = { settings: { answering: 'always' } };

  it('is nothing where the answer holds the reference, in however many words', async () => {
    const right: Record<string, string> = {
      vacation: 'It is thirty days a year.',
      coffee: 'Every Friday.',
      hotels: '120 euros',
    };
    const says: Says = (turns) =>
      Object.entries(right).find(([word]) => turns.at(-1)!.content.split('Question:')[1]!.includes(word))![1];
    expect(await failures(says, QUESTIONS, always)).toEqual([undefined, undefined, undefined]);
  });

  it('is nothing where one of several right answers is given, which is scored by the best of them', async () => {
    const [first] = QUESTIONS;
    const questions = [{ ...first!, answer: 'a month', moreAnswers: ['30 days', 'thirty days'] }];
    const says: Says = () => '30 days';
    const [row] = await ask(await setUpLab({ questions }), asking, { says, ...always });
    expect(row!.failure).toBeUndefined();
    expect(row!.scores).toMatchObject({ exactMatch: 1, tokenF1: 1 });
  });

  it('is that the answer is wrong although its passage was read', async () => {
    const says: Says = () => 'Every employee has vacation. [1]';
    expect((await failures(says, QUESTIONS, always))[0]).toBe('wrongFromRight');
  });

  it('is that no passage supports it', async () => {
    expect(await failures(() => 'Purple zebras dance.', QUESTIONS, always)).toEqual(Array(3).fill('unsupported'));
  });

  it('is that the model declined though the passage was there', async () => {
    expect(await failures(() => "I don't know.", QUESTIONS, always)).toEqual(Array(3).fill('refused'));
  });

  it('is that the passage was not found among those looked at, or too far down to be read', async () => {
    // The right passage shares no word with the question; the others do.
    const hidden = 'Gratitude is shown by applause.';
    const passages = Array.from({ length: 14 }, (_, i) => `Prizes are won in week ${i} of winning prizes.`);
    const documents = [{ path: 'prizes.md', passages: [...passages, hidden] }];
    const question = { question: 'Which prizes are won in winning weeks?', answer: 'none', passage: hidden };
    const settings = { answering: 'always', depth: 10, passageCount: 2 };
    const lab = await setUpLab({ documents, questions: [question] });
    const says: Says = () => 'A medal.';
    const [far] = await ask(lab, asking, { says, settings });
    expect(far).toMatchObject({ failure: 'notRetrieved' });
    expect(far).not.toHaveProperty('rank');
    const [low] = await ask(lab, asking, { says, settings: { ...settings, depth: 100 } });
    expect(low!.rank).toBeGreaterThan(5);
    expect(low!.failure).toBe('rankedLow');
    const [ranking] = await ask(lab, of(search), { settings: { depth: 100 } });
    expect(ranking!.failure).toBe('rankedLow');
  });

  it('is that a question without an answer was answered; to decline it is right', async () => {
    const questions = [
      ...QUESTIONS,
      { ...QUESTIONS[0]!, question: 'Who invented vacation?', answer: '', kind: 'unanswerable' as const },
    ];
    const answered = await ask(await setUpLab({ questions }), asking, { says: () => 'Every employee.', ...always });
    expect(answered.at(-1)).toMatchObject({ failure: 'unsupported', scores: { refusalAccuracy: 0 } });
    expect(answered.at(-1)!.scores).not.toHaveProperty('mrr');
    const declined = await ask(await setUpLab({ questions }), asking, { says: () => 'I do not know.', ...always });
    expect(declined.at(-1)!.failure).toBeUndefined();
    expect(declined.at(-1)!.scores).toMatchObject({ refusalAccuracy: 1 });
  });

  it('is not asked of answers that nobody knows, though other rows have one', async () => {
    const [answered, ...others] = QUESTIONS;
    const unknown = others.map((row) => ({ ...row, answer: '', provenance: { origin: 'imported' as const } }));
    const questions = [answered!, ...unknown];
    const rows = await ask(await setUpLab({ questions }), asking, always);
    expect(rows.map(({ rank }) => rank)).toEqual([1, 1, 1]);
    expect(rows[0]!.scores).toHaveProperty('tokenF1');
    for (const { scores, failure } of rows.slice(1)) {
      expect(scores).not.toHaveProperty('refusalAccuracy');
      expect(failure).toBeUndefined();
    }
  });
});

describe('answering', () => {
  const strange = {
    question: 'Which zodiac rules quantum gravity?',
    answer: 'none',
    passage: 'Quarks are held by gluons.',
  };

  it('declines as Chat does where nothing fits, and asks the model all the same where that is wanted', async () => {
    const questions = [{ ...strange, documentKey: 'x' }];
    const documents = DOCUMENTS;
    const lab = await setUpLab({ documents, questions });
    // Its own passage is searched too, and is nothing like the question.
    const declined = lab.start();
    const id = await declined.service.create({
      workspaceId: WORKSPACE,
      datasetId: 'd',
      configurations: [of(search, null, writer)],
    });
    await declined.service.proceed(id);
    expect(declined.calls.answered).toEqual([]);
    expect((await lab.scores(id))[0]!.scores).toMatchObject({ falseRefusal: 1 });
    const asked = lab.start();
    const other = await asked.service.create({
      workspaceId: WORKSPACE,
      datasetId: 'd',
      configurations: [of(search, null, writer)],
      settings: { answering: 'always' },
    });
    await asked.service.proceed(other);
    expect(asked.calls.answered).toHaveLength(1);
  });

  it('has the writing speed that the engine measured, without the checks around the writing', async () => {
    const lab = await setUpLab();
    const rows = await ask(lab, of(search, null, writer));
    for (const { scores, cost } of rows) {
      expect(scores['tokensPerSecond']).toBe(1);
      expect(cost).toMatchObject({ tokensPerSecond: 1 });
    }
    expect(summary(rows)[0]!.tokensPerSecond).toBe(1);
  });

  it('without passages tells the model nothing but the question', async () => {
    const lab = await setUpLab();
    const { service, calls } = lab.start();
    const id = await service.create({
      workspaceId: WORKSPACE,
      datasetId: 'd',
      configurations: [of(null, null, writer)],
    });
    await service.proceed(id);
    expect(calls.answered[0]!.turns.at(-1)!.content).toBe(QUESTIONS[0]!.question);
  });
});

describe('a request', () => {
  it('draws the same questions for the same seed, in their order, and never more than there are', async () => {
    const questions = Array.from({ length: 30 }, (_, i) => ({ ...QUESTIONS[i % 3]!, question: `Question ${i}?` }));
    const lab = await setUpLab({ questions });
    const { service } = lab.start();
    const drawn = async (count: number, seed: number) => {
      const id = await service.create({
        workspaceId: WORKSPACE,
        datasetId: 'd',
        configurations: [of(search)],
        questions: count,
        seed,
      });
      return (await lab.db.evaluations.get(id))!.exampleIds;
    };
    const [one, same, other] = [await drawn(10, 1), await drawn(10, 1), await drawn(10, 2)];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(one).toHaveLength(10);
    expect(one.map((id) => Number(id.slice(1)))).toEqual(one.map((id) => Number(id.slice(1))).sort((a, b) => a - b));
    expect(await drawn(99, 1)).toHaveLength(30);
  });

  it('leaves out rows that are not in use', async () => {
    const lab = await setUpLab();
    await lab.db.examples.update('e0', { review: 'rejected' });
    const { service } = lab.start();
    const id = await service.create({ workspaceId: WORKSPACE, datasetId: 'd', configurations: [of(search)] });
    expect((await lab.db.evaluations.get(id))!.exampleIds).toEqual(['e1', 'e2']);
  });

  it.each([
    ['no configuration', { configurations: [] }, 'evaluation/no-configuration'],
    ['a ranking model alone', { configurations: [of(null, search, writer)] }, 'evaluation/empty-configuration'],
    ['nothing to ask with', { configurations: [of(null)] }, 'evaluation/empty-configuration'],
    ['a part without questions', { split: 'train' as const }, 'evaluation/no-questions'],
    ['a data set that is gone', { datasetId: 'gone' }, 'evaluation/no-questions'],
  ])('with %s says what is wrong', async (_, wrong, code) => {
    const { service } = (await setUpLab()).start();
    const right: EvaluationRequest = { workspaceId: WORKSPACE, datasetId: 'd', configurations: [of(search)] };
    await expect(service.create({ ...right, ...wrong })).rejects.toMatchObject({ code });
  });
});

describe('configurations', () => {
  it('are every combination once, with those without retrieval where wanted', () => {
    const parts = {
      embedders: [search, tunedSearch],
      rerankers: [null, tunedSearch],
      generators: [null, writer, tunedWriter],
    };
    expect(allCombinations(parts)).toHaveLength(12);
    const all = allCombinations({ ...parts, withoutRetrieval: true });
    expect(all).toHaveLength(14);
    expect(new Set(all.map(({ id }) => id)).size).toBe(14);
    expect(all[0]).toMatchObject({ embedder: null, generator: { modelId: 'writer' } });
  });

  it('have equal ids exactly when their parts are equal', () => {
    const model = fc.option(
      fc.record({
        modelId: fc.string(),
        adapterId: fc.option(fc.string({ minLength: 1 })),
        engine: fc.constantFrom('local' as const, 'endpoint' as const),
      }),
    );
    const parts = fc.record({ embedder: model, reranker: model, generator: model });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(configurationId(structuredClone(a))).toBe(configurationId(a));
        expect(configurationId(a) === configurationId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});
