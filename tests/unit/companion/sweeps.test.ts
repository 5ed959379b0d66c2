import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { removeThere } from '../../../src/companion/left-there.ts';
import { trialsOf } from '../../../src/training/sweep.ts';
import { setUpNode, tunedScore, type StandInNode } from '../../support/stand-in-node.ts';

describe('a sweep on a node', () => {
  const startsAndSends = (node: StandInNode) => node.asked.filter((what) => /^(send|start)/.test(what));

  it('sends its rows once, queues all trials before it follows one, and scores each', async () => {
    const { db, node, runs, sweep, kept } = await setUpNode();
    const sweepId = await sweep();
    let queued = 0;
    node.onEvent = (number, job) => void (number === 0 && job === 'job-1' && (queued = node.jobs.length));
    const told = new Set<string>();
    await runs.proceedSweep(sweepId, ({ stage }) => told.add(stage));
    expect(queued).toBe(3);
    expect(startsAndSends(node)).toEqual(['send 3', 'start minilm 2', 'start minilm 8', 'start minilm 4']);
    const trials = await trialsOf(db, sweepId);
    expect(trials.map(({ state, best, node }) => [state, best?.score, node?.model])).toEqual([
      ['done', tunedScore(2), 'ft:job-1'],
      ['done', tunedScore(8), 'ft:job-2'],
      ['done', tunedScore(4), 'ft:job-3'],
    ]);
    expect(told).toContain('Training with rank 8');
    // Only the one that is chosen comes home.
    expect(kept).toEqual([]);
    expect(await runs.keep(trials[1]!.id)).toBe('adapter of embedder');
    expect(node.asked.filter((what) => what.startsWith('fetch'))).toEqual(['fetch ft:job-2']);
    expect(kept).toMatchObject([{ scores: [{ base: 0.5, tuned: tunedScore(8) }] }]);
  });

  it('that is left goes on there, and whoever comes back catches up with all of it', async () => {
    const { db, node, runs, sweep } = await setUpNode();
    const sweepId = await sweep();
    const trials = await trialsOf(db, sweepId);
    node.onEvent = (number, job) => {
      if (number === 2 && job === 'job-2') for (const { id } of trials) void runs.leave(id);
    };
    await runs.proceedSweep(sweepId);
    expect(node.asked).not.toContain('pause');
    expect(node.jobs.map(({ status }) => status)).toEqual(['succeeded', 'running', 'running']);
    // Meanwhile the node gets on without the tab.
    node.jobs[2]!.status = 'succeeded';
    node.onEvent = () => undefined;
    await runs.proceedSweep(sweepId);
    expect((await trialsOf(db, sweepId)).map(({ best }) => best?.score)).toEqual([2, 8, 4].map(tunedScore));
    expect(startsAndSends(node)).toHaveLength(4);
  });

  it('that is paused pauses the trials in the queue too, and that is cancelled ends them', async () => {
    const { db, node, runs, sweep } = await setUpNode();
    const sweepId = await sweep();
    const trials = await trialsOf(db, sweepId);
    const stopAll = (how: 'pause' | 'cancel') => trials.forEach(({ id }) => void runs.stop(id, how));
    node.onEvent = (number, job) => number === 2 && job === 'job-1' && stopAll('pause');
    await runs.proceedSweep(sweepId);
    expect(node.jobs.map(({ status }) => status)).toEqual(['paused', 'paused', 'paused']);
    expect((await trialsOf(db, sweepId)).map(({ state }) => state)).toEqual(['paused', 'paused', 'paused']);

    node.onEvent = (number, job) => number === 1 && job === 'job-2' && stopAll('cancel');
    await runs.proceedSweep(sweepId);
    expect(node.jobs.map(({ status }) => status)).toEqual(['succeeded', 'cancelled', 'cancelled']);
    expect((await trialsOf(db, sweepId)).map(({ state }) => state)).toEqual(['done', 'cancelled', 'cancelled']);
  });

  it('with a trial that fails goes on with the others and says it at the end; going on tries it anew', async () => {
    const { db, node, runs, sweep } = await setUpNode();
    const sweepId = await sweep();
    const states = async () => (await trialsOf(db, sweepId)).map(({ state }) => state);
    node.failure = { code: 'diverged', message: 'The loss is NaN.' };
    node.failing = 'job-2';
    await expect(runs.proceedSweep(sweepId)).rejects.toMatchObject({ code: 'companion/diverged' });
    expect(await states()).toEqual(['done', 'failed', 'done']);
    await runs.proceedSweep(sweepId);
    expect(await states()).toEqual(['done', 'done', 'done']);
    expect(startsAndSends(node)).toEqual([
      ...['send 3', 'start minilm 2', 'start minilm 8', 'start minilm 4'],
      'start minilm 8',
    ]);
  });

  it('whose trial failed while nobody looked tells it instead of trying it again', async () => {
    const { db, node, runs, sweep } = await setUpNode();
    const sweepId = await sweep();
    const trials = await trialsOf(db, sweepId);
    node.onEvent = () => trials.forEach(({ id }) => void runs.leave(id));
    await runs.proceedSweep(sweepId);
    node.onEvent = () => undefined;
    node.jobs[1]!.status = 'failed';
    node.failure = { code: 'diverged', message: 'The loss is NaN.' };
    node.failing = 'job-2';
    await expect(runs.proceedSweep(sweepId)).rejects.toMatchObject({ code: 'companion/diverged' });
    expect(node.jobs).toHaveLength(3);
  });

  it('leaves neither rows nor models there after it was deleted there, and says so when one is to be kept', async () => {
    const { db, node, runs, sweep } = await setUpNode();
    const sweepId = await sweep();
    await runs.proceedSweep(sweepId);
    const trials = await trialsOf(db, sweepId);
    await removeThere(db, trials, async () => node.client);
    expect(node.files.size).toBe(0);
    expect(node.asked.filter((what) => what.startsWith('remove'))).toHaveLength(3);
    const left = (await trialsOf(db, sweepId)).flatMap(({ node: there }) => [there?.fileId, there?.model]);
    expect(new Set(left)).toEqual(new Set([undefined]));
    await expect(runs.keep(trials[1]!.id)).rejects.toMatchObject({ code: 'companion/no-result' });
  });
});
