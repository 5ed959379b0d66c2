import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { RunRow } from '../../../src/storage/schema.ts';
import type { Training } from '../../../src/training/service.ts';
import { request, setUpTraining } from '../../support/training-service.ts';

/** What a run leaves when nothing disturbs it. */
async function undisturbed() {
  const { start, curve, weights, db } = await setUpTraining();
  const service = start();
  const runId = await service.create(request);
  await service.proceed(runId);
  return { run: (await db.runs.get(runId))!, curve: await curve(runId), weights: await weights() };
}

describe('a run', () => {
  it('leaves its curve, its scores and an adapter of its best step', async () => {
    const { run, curve, weights } = await undisturbed();
    expect(run).toMatchObject({
      state: 'done',
      ended: 'finished',
      step: 20,
      steps: 20,
      scoreName: 'Likelihood',
      device: 'here',
    });
    expect(run.best!.score).toBeGreaterThan(run.baseScore!);
    expect(curve.filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    expect(curve.filter(({ kind }) => kind === 'validation').map(({ step }) => step)).toEqual([0, 5, 10, 15, 20]);
    expect(Math.max(...curve.flatMap(({ score }) => score ?? []))).toBe(run.best!.score);
    expect(weights).toHaveLength(1);
  });

  it('that was paused at every few steps ends like one that was not', async () => {
    const expected = await undisturbed();
    const { db, start, curve, weights } = await setUpTraining();
    let runId: string | undefined;
    for (let pauses = 0; pauses < 30; pauses++) {
      let left = 3;
      const service: Training = start({ onStep: () => --left === 0 && void service.stop(runId!, 'pause') });
      runId ??= await service.create(request);
      await service.proceed(runId);
      const { state } = (await db.runs.get(runId))!;
      if (state === 'done') break;
      expect(state).toBe('paused');
    }
    const run = (await db.runs.get(runId!))!;
    expect(run).toMatchObject({ state: 'done', best: expected.run.best, step: 20 });
    expect(await curve(runId!)).toEqual(expected.curve);
    expect(await weights()).toEqual(expected.weights);
  });

  it('can be paused while its adapter is made, and then only makes that', async () => {
    const expected = await undisturbed();
    const { db, start, weights } = await setUpTraining();
    const service: Training = start({ onAdapter: () => void service.stop(runId, 'pause') });
    const runId = await service.create(request);
    await service.proceed(runId);
    expect(await db.runs.get(runId)).toMatchObject({ state: 'paused', step: 20 });
    expect(await weights()).toEqual([]);
    const steps: number[] = [];
    await start({ onStep: (step) => steps.push(step) }).proceed(runId);
    expect(steps).toEqual([]);
    expect((await db.runs.get(runId))!.state).toBe('done');
    expect(await weights()).toEqual(expected.weights);
  });

  it('that dies when its adapter is filed makes no second one', async () => {
    const { db, start } = await setUpTraining();
    const dying = start({
      onKept: () => {
        throw new Error('The tab is gone.');
      },
    });
    const runId = await dying.create(request);
    await expect(dying.proceed(runId)).rejects.toThrow('The tab is gone.');
    await start().proceed(runId);
    const [adapter] = await db.adapters.toArray();
    expect(await db.adapters.count()).toBe(1);
    expect(await db.runs.get(runId)).toMatchObject({ state: 'done', adapterId: adapter!.id });
  });

  it('that lost its device fails with the problem, keeps its checkpoint, and goes on from it', async () => {
    const expected = await undisturbed();
    const { db, folders, start, curve, weights } = await setUpTraining();
    const lost = new AttuneError(
      'engine/device-lost',
      'The graphics card was reset.',
      'Go on from the last checkpoint.',
    );
    const first = start({ failing: { step: 11, error: lost } });
    const runId = await first.create(request);
    await expect(first.proceed(runId)).rejects.toBe(lost);
    expect(await db.runs.get(runId)).toMatchObject({
      state: 'failed',
      step: 8,
      problem: { code: 'engine/device-lost', wayOut: lost.wayOut },
    });
    expect(await folders.list(`runs/${runId}`)).toContain('checkpoint-8');
    await start().proceed(runId);
    expect((await db.runs.get(runId))!.problem).toBeUndefined();
    expect(await curve(runId)).toEqual(expected.curve);
    expect(await weights()).toEqual(expected.weights);
  });

  it('goes on from the checkpoint before when the newest one is torn; two are kept', async () => {
    const expected = await undisturbed();
    const { folders, start, weights } = await setUpTraining();
    const first = start({ failing: { step: 18, error: new Error('crash') } });
    const runId = await first.create(request);
    await expect(first.proceed(runId)).rejects.toThrow('crash');
    const files = (await folders.list(`runs/${runId}`)).filter((name) => name.startsWith('checkpoint'));
    expect(files).toEqual(['checkpoint-12', 'checkpoint-16']);
    const path = `runs/${runId}/checkpoint-16`;
    const whole = folders.files.get(path)!;
    folders.files.set(path, whole.slice(0, whole.size - 100));
    const steps: number[] = [];
    await start({ onStep: (step) => steps.push(step) }).proceed(runId);
    expect(steps[0]).toBe(13);
    expect(await weights()).toEqual(expected.weights);
  });

  it('that was cancelled makes no adapter until it is kept', async () => {
    const { db, start } = await setUpTraining();
    let runId = '';
    const service: Training = start({ onStep: (step) => step === 12 && void service.stop(runId, 'cancel') });
    runId = await service.create(request);
    await service.proceed(runId);
    expect(await db.runs.get(runId)).toMatchObject({ state: 'cancelled', ended: 'stopped' });
    expect(await db.adapters.count()).toBe(0);
    const adapterId = await service.keep(runId);
    expect(await db.adapters.get(adapterId)).toMatchObject({ task: 'linear', baseLicence: 'Apache-2.0' });
    expect(await service.keep(runId)).toBe(adapterId);
  });

  it('that goes on to a better step after one was kept forgets that adapter, which stays', async () => {
    const { db, start } = await setUpTraining();
    let stopAt = 12;
    const service: Training = start({ onStep: (step) => step === stopAt && void service.stop(runId, 'pause') });
    const runId = await service.create(request);
    await service.proceed(runId);
    const first = await service.keep(runId);
    stopAt = 13;
    await service.proceed(runId);
    expect((await db.runs.get(runId))!.adapterId).toBe(first);
    stopAt = 18;
    await service.proceed(runId);
    const run = (await db.runs.get(runId))!;
    expect(run.best!.step).toBe(15);
    expect(run.adapterId).toBeUndefined();
    expect(await service.keep(runId)).not.toBe(first);
    expect(await db.adapters.count()).toBe(2);
  });

  it('ends early when validations get no better', async () => {
    const { db, start } = await setUpTraining();
    const service = start();
    const settings = {
      ...request.settings,
      steps: 60,
      learningRate: 0.1,
      schedule: 'constant',
      validateEvery: 1,
      patience: 2,
    };
    const runId = await service.create({ ...request, settings });
    await service.proceed(runId);
    const run = (await db.runs.get(runId))!;
    expect(run).toMatchObject({ state: 'done', ended: 'early' });
    expect(run.step).toBe(run.best!.step + 2);
  });

  it('that is deleted leaves nothing but its adapter', async () => {
    const { db, folders, start } = await setUpTraining();
    const service = start();
    const runId = await service.create(request);
    await service.proceed(runId);
    await service.remove(runId);
    expect([await db.runs.count(), await db.runPoints.count(), await db.adapters.count()]).toEqual([0, 0, 1]);
    expect(await folders.list(`runs/${runId}`)).toEqual([]);
  });

  it('is refused on too little data and on the wrong kind of model', async () => {
    const { db, start } = await setUpTraining();
    const service = start();
    await expect(service.create({ ...request, task: 'generator' })).rejects.toMatchObject({
      code: 'training/wrong-model',
    });
    await db.datasets.update('d', { counts: { train: 32, validation: 0, test: 0 } });
    await expect(service.create(request)).rejects.toMatchObject({ code: 'training/too-few' });
    await expect(service.create({ ...request, datasetId: 'gone' })).rejects.toMatchObject({ code: 'training/no-data' });
  });
});

describe('an estimate', () => {
  it('says what a run takes, and leaves no row', async () => {
    const { db, start } = await setUpTraining();
    const estimate = await start({ memoryLimit: 1e9 }).estimate(request);
    expect(estimate).toMatchObject({
      device: 'here',
      examples: 32,
      steps: 20,
      fits: true,
      memoryLimit: 1e9,
      advice: [],
    });
    expect(estimate.seconds).toBeGreaterThan(0);
    expect(await db.runs.count()).toBe(0);
  });

  it('counts what goes by before the first step, and advises less of that where it is most of the run', async () => {
    const { start } = await setUpTraining();
    const settings = { ...request.settings, hardNegatives: 2, negativesFrom: 'workspace', maxTokens: 128 };
    const estimate = await start({ secondsBefore: 3600 }).estimate({ ...request, settings });
    expect(estimate.secondsBefore).toBe(3600);
    expect(estimate.seconds).toBeGreaterThan(3600);
    expect(estimate.advice.map(({ knob, value }) => [knob, value])).toEqual([['negativesFrom', 'dataset']]);
  });

  it('names the knob and the value that help when memory runs out', async () => {
    const { start } = await setUpTraining();
    const full = new AttuneError('engine/out-of-memory', 'Full.', 'Less.');
    const estimate = await start({ failing: { step: 1, error: full }, memoryLimit: 5 }).estimate({
      ...request,
      settings: { maxTokens: 256 },
    });
    expect(estimate).toMatchObject({ fits: false, device: 'here', memoryLimit: 5 });
    expect(estimate.advice).toContainEqual({
      knob: 'maxTokens',
      value: 128,
      text: 'Read at most 128 tokens of a text.',
    });
  });
});

describe('one model at a time', () => {
  it('what is kept waits for the run that is at work', async () => {
    const { db, start, models } = await setUpTraining();
    let keeping: Promise<string> | undefined;
    const service: Training = start({ breathe: true, onStep: (step) => void (step === 12 && keep()) });
    const trial = await service.create({ ...request, settings: { ...request.settings, steps: 8 } });
    const keep = () => (keeping ??= service.keep(trial));
    await service.proceed(trial);
    await db.runs.update(trial, { adapterId: undefined });
    const long = await service.create(request);
    await service.proceed(long);
    const adapterId = await keeping!;
    expect(await db.runs.get(trial)).toMatchObject({ adapterId });
    expect(models).toEqual({ loaded: 0, most: 1 });
  });

  it('what waits can be stopped, and loads nothing then', async () => {
    const { db, start, models } = await setUpTraining();
    const ids: string[] = [];
    const others: Promise<unknown>[] = [];
    const service: Training = start({ breathe: true, onStep: (step) => step === 12 && interfere() });
    for (let i = 0; i < 2; i++) ids.push(await service.create(request));
    const interfere = () => {
      others.push(service.proceed(ids[1]!), service.stop(ids[1]!, 'cancel'));
    };
    await service.proceed(ids[0]!);
    await Promise.all(others);
    expect((await db.runs.bulkGet(ids)).map((run) => run!.state)).toEqual(['done', 'cancelled']);
    expect(models).toEqual({ loaded: 0, most: 1 });
  });

  it('an estimate is refused while a run is at work', async () => {
    const { start, models } = await setUpTraining();
    let refused: Promise<unknown> | undefined;
    const service: Training = start({
      breathe: true,
      onStep: (step) => {
        if (step === 12) refused = expect(service.estimate(request)).rejects.toMatchObject({ code: 'training/busy' });
      },
    });
    await service.proceed(await service.create(request));
    await refused;
    expect(models.most).toBe(1);
  });

  it('an estimate makes room for a run that is started', async () => {
    const { db, start, models } = await setUpTraining();
    const service: Training = start({ breathe: true });
    const runId = await service.create(request);
    const going: Promise<void>[] = [];
    const estimate = service.estimate(request, ({ stage }) => {
      if (stage === 'Compiling') going.push(service.proceed(runId));
    });
    await expect(estimate).rejects.toMatchObject({ code: 'training/busy' });
    await Promise.all(going);
    expect((await db.runs.get(runId))!.state).toBe('done');
    expect(models).toEqual({ loaded: 0, most: 1 });
  });
});

describe('a sweep', () => {
  const grid = { learningRate: [0.0001, 0.003, 0.02, 0.05], rank: [2] };

  it('runs the product of the values, each as a run of its own', async () => {
    const { db, start } = await setUpTraining();
    const service = start();
    const { sweepId, runIds } = await service.createSweep({ ...request, grid, method: 'grid' });
    await service.proceedSweep(sweepId);
    const runs = (await db.runs.bulkGet(runIds)).map((run) => run!);
    expect(runs.map(({ sweep }) => sweep!.values)).toEqual(
      grid.learningRate.map((learningRate) => ({ learningRate, rank: 2 })),
    );
    expect(runs.every(({ state, step }) => state === 'done' && step === 20)).toBe(true);
    expect(await db.adapters.count()).toBe(0);
    const best = runs.toSorted((a, b) => b.best!.score - a.best!.score)[0]!;
    const adapterId = await service.keep(best.id);
    expect(await db.runs.get(best.id)).toMatchObject({ adapterId });
  });

  it('by halving lets the better half go on, and its winner is the run that it would have been alone', async () => {
    const { db, start } = await setUpTraining();
    const service = start();
    const { sweepId, runIds } = await service.createSweep({ ...request, grid, method: 'halving' });
    await service.proceedSweep(sweepId);
    const runs = (await db.runs.bulkGet(runIds)).map((run) => run!);
    expect(runs.map(({ step }) => step).sort((a, b) => a - b)).toEqual([5, 5, 10, 20]);
    const winner = runs.find(({ step }) => step === 20)!;
    const alone = await service.create({ ...request, settings: { ...request.settings, ...winner.sweep!.values } });
    await service.proceed(alone);
    expect((await db.runs.get(alone))!.best).toEqual(winner.best);
  });

  it('by halving goes on after a crash where it stood', async () => {
    const outcome = async (crash: boolean) => {
      const { db, start } = await setUpTraining();
      const first = start(crash ? { failing: { step: 8, error: new Error('crash') } } : {});
      const { sweepId, runIds } = await first.createSweep({ ...request, grid, method: 'halving' });
      const going = first.proceedSweep(sweepId);
      if (crash) await expect(going).rejects.toThrow('crash');
      else await going;
      await start().proceedSweep(sweepId);
      return (await db.runs.bulkGet(runIds)).map((run) => ({ step: run!.step, best: run!.best, ended: run!.ended }));
    };
    expect(await outcome(true)).toEqual(await outcome(false));
  });

  it.each(['grid', 'halving'] as const)(
    'by %s goes on with the others when one trial diverges, and says at the end what failed',
    async (method) => {
      const { db, start } = await setUpTraining();
      const diverged = new AttuneError('training/diverged', 'No finite number.', 'Lower the learning rate.');
      const of = ({ settings }: RunRow) => settings['learningRate'] === 0.02;
      const service = start({ failing: { step: 3, error: diverged, of } });
      const { sweepId, runIds } = await service.createSweep({ ...request, grid, method });
      await expect(service.proceedSweep(sweepId)).rejects.toBe(diverged);
      const runs = (await db.runs.bulkGet(runIds)).map((run) => run!);
      expect(runs.map(({ state }) => state)).toEqual(['done', 'done', 'failed', 'done']);
      expect(runs[2]!.problem).toMatchObject({ code: 'training/diverged' });
      expect(runs.filter(({ step }) => step === 20)).toHaveLength(method === 'grid' ? 3 : 1);
    },
  );

  it('stops at once on what would hit every trial', async () => {
    const { db, start } = await setUpTraining();
    const lost = new AttuneError('engine/device-lost', 'The graphics card was reset.', 'Go on.');
    const service = start({ failing: { step: 3, error: lost } });
    const { sweepId, runIds } = await service.createSweep({ ...request, grid, method: 'grid' });
    await expect(service.proceedSweep(sweepId)).rejects.toBe(lost);
    const states = (await db.runs.bulkGet(runIds)).map((run) => run!.state);
    expect(states).toEqual(['failed', 'waiting', 'waiting', 'waiting']);
  });

  it('is refused when there is nothing to compare', async () => {
    const { start } = await setUpTraining();
    await expect(start().createSweep({ ...request, grid: { rank: [2] }, method: 'grid' })).rejects.toMatchObject({
      code: 'training/bad-sweep',
    });
  });
});
