import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import type { ChatTurn } from '../../../src/generation/contract.ts';
import type { AdapterRow, RunRow } from '../../../src/storage/schema.ts';
import type { EvaluationRequest } from '../../../src/evaluation/contract.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import {
  of,
  QUESTIONS,
  ranker,
  search,
  setUpLab,
  tunedSearch,
  tunedWriter,
  WORKSPACE,
  writer,
} from '../../support/evaluation-lab.ts';

const ALL = [
  of(search),
  of(tunedSearch, ranker),
  of(search, null, writer),
  of(tunedSearch, ranker, writer),
  of(tunedSearch, ranker, tunedWriter),
  of(null, null, writer),
];

const request = (more: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
  workspaceId: WORKSPACE,
  datasetId: 'd',
  configurations: ALL,
  ...more,
});

/** Creates and runs an evaluation. */
async function evaluate(lab: Awaited<ReturnType<typeof setUpLab>>, more: Partial<EvaluationRequest> = {}) {
  const { service, calls } = lab.start();
  const id = await service.create(request(more));
  await service.proceed(id);
  return { id, calls, row: (await lab.db.evaluations.get(id))!, scores: await lab.scores(id) };
}

describe('a matrix', () => {
  it('has scores of every configuration for every question', async () => {
    const lab = await setUpLab();
    const { row, scores } = await evaluate(lab);
    expect(row).toMatchObject({ state: 'done', passageCount: 6 });
    expect(scores).toHaveLength(ALL.length * QUESTIONS.length);
    const plain = scores.filter(({ configurationId }) => configurationId === of(search).id);
    expect(plain.map(({ rank }) => rank)).toEqual([1, 1, 1]);
    expect(plain[0]!.scores).toMatchObject({ 'recall@1': 1, mrr: 1 });
    expect(plain[0]!.scores).not.toHaveProperty('tokenF1');
    const answered = scores.find(({ configurationId }) => configurationId === of(search, null, writer).id)!;
    expect(answered.answer).toContain('thirty days');
    expect(answered.scores).toMatchObject({ 'recall@1': 1, citationPrecision: 1, promptTokens: 100, falseRefusal: 0 });
    expect(answered.scores['tokenF1']).toBeGreaterThan(0);
    expect(answered.scores['similarity']).toBeGreaterThan(0);
    const alone = scores.find(({ configurationId }) => configurationId === of(null, null, writer).id)!;
    expect(alone.passages).toEqual([]);
    expect(alone.scores).not.toHaveProperty('mrr');
  });

  it('loads each model once, however many configurations it stands in', async () => {
    const { calls } = await evaluate(await setUpLab());
    expect(calls.loaded).toEqual(['words', 'ranker', 'writer']);
  });

  it('shares what configurations have in common', async () => {
    const { calls } = await evaluate(await setUpLab());
    expect(calls.searched.filter((asked) => asked.startsWith('words: '))).toHaveLength(QUESTIONS.length);
    expect(calls.ranked).toHaveLength(QUESTIONS.length);
  });

  it('ranks by an untuned model with what was read before: a passage that several questions find is read once', async () => {
    const { calls, scores } = await evaluate(await setUpLab(), { configurations: [of(search), of(search, search)] });
    expect(scores).toHaveLength(2 * QUESTIONS.length);
    const ranked = calls.read.slice(-6);
    expect(new Set(ranked).size).toBe(ranked.length);
    expect(calls.read).toHaveLength(12);
  });

  it('notes where the models ran and what they took', async () => {
    const { row } = await evaluate(await setUpLab());
    const both = of(search, null, writer).id;
    expect(row.machines?.[both]).toEqual({ search: 'test', answer: 'test', memoryBytes: 1e6 });
  });
});

describe('the cache', () => {
  it('knows everything the second time, without loading a model', async () => {
    const lab = await setUpLab();
    const first = await evaluate(lab);
    const second = await evaluate(lab);
    expect(second.calls).toEqual({ loaded: [], searched: [], read: [], ranked: [], answered: [] });
    expect(second.scores).toEqual(first.scores);
  });

  it('lets an added configuration compute its own part only', async () => {
    const lab = await setUpLab();
    const { id } = await evaluate(lab, { configurations: [of(search, null, writer)] });
    const { service, calls } = lab.start();
    await service.addConfigurations(id, [of(search, null, writer), of(search, null, tunedWriter)]);
    expect((await lab.db.evaluations.get(id))!.state).toBe('waiting');
    await service.proceed(id);
    expect(calls.searched).toEqual([]);
    expect(calls.answered.map(({ adapter }) => adapter)).toEqual(['fluent', 'fluent', 'fluent']);
    expect(await lab.scores(id)).toHaveLength(2 * QUESTIONS.length);
  });

  it('does not hand out what was made of other passages', async () => {
    const lab = await setUpLab();
    await evaluate(lab, { configurations: [of(search)] });
    const [chunk] = await lab.db.chunks.toArray();
    await lab.db.chunks.delete(chunk!.id);
    const { calls } = await evaluate(lab, { configurations: [of(search)] });
    expect(calls.searched).toHaveLength(QUESTIONS.length);
  });

  it('does not hand out answers written under other knobs', async () => {
    const lab = await setUpLab();
    const configurations = [of(search, null, writer)];
    await evaluate(lab, { configurations });
    const { calls } = await evaluate(lab, { configurations, settings: { maxNewTokens: 32 } });
    expect(calls.searched).toEqual([]);
    expect(calls.answered).toHaveLength(QUESTIONS.length);
  });

  it('is what an estimate counts by', async () => {
    const lab = await setUpLab();
    const { service } = lab.start();
    const before = await service.estimate(request());
    expect(before.seconds).toBeGreaterThan(0);
    const steps = Object.fromEntries(before.stages.map(({ stage, steps }) => [stage, steps]));
    expect(steps).toEqual({ embed: 2, search: 6, rerank: 3, answer: 12, similarity: 12 });
    expect(before.stages.every(({ cached }) => cached === 0)).toBe(true);
    await evaluate(lab);
    const after = await service.estimate(request());
    expect(after).toMatchObject({ questions: 3, passages: 6, seconds: 0 });
  });
});

describe('a killed or stopped evaluation', () => {
  // 6 searches, 3 rerankings and 12 answers: the question before which the tab dies.
  it.each([1, 4, 6, 8, 13])(
    'goes on where it was after %i calls, with equal results and nothing done twice',
    async (at) => {
      const whole = await evaluate(await setUpLab());
      const lab = await setUpLab();
      let calls = 0;
      const killed = lab.start({
        before: () => {
          if (++calls === at) throw new DOMException('The tab was killed.', 'AbortError');
        },
      });
      const id = await killed.service.create(request());
      await expect(killed.service.proceed(id)).rejects.toThrow('killed');
      const again = lab.start();
      await again.service.proceed(id);
      expect(await lab.scores(id)).toEqual(whole.scores);
      const both = [...killed.calls.searched, ...again.calls.searched];
      expect(both.toSorted()).toEqual(whole.calls.searched.toSorted());
      expect(killed.calls.answered.length + again.calls.answered.length).toBe(whole.calls.answered.length);
    },
  );

  it.each(['pause', 'cancel'] as const)('says so after a %s, and can be taken up again', async (how) => {
    const lab = await setUpLab();
    let id = '';
    const { service } = lab.start({
      before: (question) => (question.includes('hotels') ? service.stop(id, how) : undefined),
    });
    id = await service.create(request());
    await service.proceed(id);
    expect((await lab.db.evaluations.get(id))!.state).toBe(how === 'pause' ? 'paused' : 'cancelled');
    await lab.start().service.proceed(id);
    expect((await lab.db.evaluations.get(id))!.state).toBe('done');
  });

  it('keeps its results when a model fails, and says what happened', async () => {
    const lab = await setUpLab();
    const { service } = lab.start({
      says: () => {
        throw new AttuneError('engine/out-of-memory', 'The memory is full.', 'Close other tabs.');
      },
    });
    const id = await service.create(request());
    await expect(service.proceed(id)).rejects.toThrow('memory');
    expect(await lab.db.evaluations.get(id)).toMatchObject({
      state: 'failed',
      problem: { code: 'engine/out-of-memory' },
    });
    expect(await lab.scores(id)).toHaveLength(2 * QUESTIONS.length);
  });

  it('refuses to mix results of two states of a data set', async () => {
    const lab = await setUpLab();
    const { service } = lab.start();
    const id = await service.create(request());
    await lab.db.datasets.update('d', { hash: 'other' });
    await expect(service.proceed(id)).rejects.toMatchObject({ code: 'evaluation/data-changed' });
  });
});

describe('an evaluation that changes while it runs', () => {
  it('asks configurations that are added meanwhile', async () => {
    const lab = await setUpLab();
    let id = '';
    const { service } = lab.start({
      before: (question) =>
        question.includes('hotels') ? service.addConfigurations(id, [of(tunedSearch)]) : undefined,
    });
    id = await service.create(request({ configurations: [of(search)] }));
    await service.proceed(id);
    expect((await lab.db.evaluations.get(id))!.state).toBe('done');
    expect(await lab.scores(id)).toHaveLength(2 * QUESTIONS.length);
  });

  it('leaves nothing behind when it is deleted', async () => {
    const lab = await setUpLab();
    let id = '';
    let removing: Promise<void> | undefined;
    const { service } = lab.start({
      says: () => {
        removing ??= service.remove(id);
        return 'thirty days [1]';
      },
    });
    id = await service.create(request());
    await service.proceed(id);
    await removing;
    expect(await lab.scores(id)).toEqual([]);
    expect(await lab.db.evaluations.get(id)).toBeUndefined();
  });
});

describe('a learning curve', () => {
  it('is made of adapters of one part that were trained on different numbers of questions', async () => {
    const lab = await setUpLab();
    const sizes = { small: 20, large: 80, half: 80 };
    for (const [adapterId, train] of Object.entries(sizes)) {
      const id = `data-${adapterId}`;
      const counts = { train, validation: 5, test: 5 };
      const settings = adapterId === 'half' ? { examplesLimit: 40 } : { examplesLimit: 0 };
      const times = { createdAt: 0, updatedAt: 0 };
      await lab.db.datasets.add({ id, workspaceId: WORKSPACE, name: id, source: '', hash: id, counts, ...times });
      await lab.db.runs.add({ id: adapterId, datasetId: id, datasetHash: id, settings } as unknown as RunRow);
      await lab.db.adapters.add({ id: adapterId, runId: adapterId } as AdapterRow);
    }
    const adapted = (adapterId: string) => of({ ...search, adapterId, name: adapterId });
    const configurations = [
      adapted('large'),
      of(search),
      adapted('small'),
      adapted('half'),
      adapted('unknown'),
      of(search, null, writer),
    ];
    const { id } = await evaluate(lab, { configurations });
    const points = await lab.start().service.learningPoints(id, 'recall@1');
    expect(points.map(({ examples }) => examples)).toEqual([0, 20, 40, 80]);
    for (const { scores } of points) expect(scores).toHaveLength(QUESTIONS.length);
  });
});

describe('a judge', () => {
  const judge = { modelId: 'writer', name: 'Judge' };
  const isJudging = (turns: ChatTurn[]) => turns.some(({ content }) => content.includes('JSON'));
  /** A verdict on whatever is asked. */
  const verdict = {
    reason: 'It says so.',
    grade: 4,
    present: ['it'],
    missing: [],
    wrong: [],
    statements: [],
    useful: [1],
  };
  const says = (turns: ChatTurn[]) => (isJudging(turns) ? JSON.stringify(verdict) : 'thirty days [1]');

  it('adds its scores and its reason to every answer, once', async () => {
    const lab = await setUpLab();
    const configurations = [of(search, null, writer)];
    const first = lab.start({ says });
    const id = await first.service.create(request({ configurations, judge }));
    await first.service.proceed(id);
    for (const { scores, judgement } of await lab.scores(id)) {
      expect(scores['answerRelevance']).toBe(1);
      expect(judgement).toMatchObject({ scores: { answerRelevance: 1 } });
      expect(judgement!.reason).toContain('It says so.');
    }
    const second = lab.start({ says });
    const again = await second.service.create(request({ configurations, judge }));
    await second.service.proceed(again);
    expect(second.calls.answered).toEqual([]);
    expect(await lab.scores(again)).toEqual(await lab.scores(id));
  });

  it('stands beside what the words say of right and wrong, and says of each aspect why', async () => {
    const lab = await setUpLab();
    const verdicts = async (changes: Record<'present' | 'missing' | 'wrong', string[]>) => {
      const reply = JSON.stringify({ ...verdict, ...changes });
      const { service } = lab.start({ says: (turns) => (isJudging(turns) ? reply : 'thirty days [1]') });
      const id = await service.create(request({ configurations: [of(search, null, writer)], judge }));
      await service.proceed(id);
      await lab.db.cachedResults.clear();
      return lab.scores(id);
    };
    const blamed = await verdicts({ present: [], missing: ['b'], wrong: ['c'] });
    const praised = await verdicts({ present: ['a'], missing: [], wrong: [] });
    for (const { judgement } of blamed) expect(judgement!.reason).toMatch(/^Answer correctness: It says so\.\n/);
    expect(blamed.map(({ scores }) => scores['correctness'])).toEqual([0, 0, 0]);
    expect(praised.map(({ scores }) => scores['correctness'])).toEqual([1, 1, 1]);
    // "thirty days" is the reference of the first question alone.
    for (const rows of [blamed, praised])
      expect(rows.map(({ failure }) => failure === undefined)).toEqual([true, false, false]);
  });

  it('is asked again in the next run for what it gave no valid verdict on, and for nothing else', async () => {
    const lab = await setUpLab();
    const configurations = [of(search, null, writer)];
    let judged = 0;
    const muttering = lab.start({ says: (turns) => (isJudging(turns) && judged++ < 8 ? 'Well.' : says(turns)) });
    const id = await muttering.service.create(request({ configurations, judge }));
    await muttering.service.proceed(id);
    const known = (await lab.scores(id)).filter(({ scores }) => 'answerRelevance' in scores);
    expect(known.length).toBeLessThan(QUESTIONS.length);
    const second = lab.start({ says });
    await second.service.proceed(id);
    const asked = new Set(second.calls.answered.map(({ turns }) => turns[1]!.content.split('\n')[2]));
    expect(asked.size).toBe(QUESTIONS.length - known.length);
    for (const { scores } of await lab.scores(id)) expect(scores['answerRelevance']).toBe(1);
  });
});
