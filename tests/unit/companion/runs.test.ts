import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import { removeThere } from '../../../src/companion/left-there.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import { eventsOf, setUpNode, STEPS } from '../../support/stand-in-node.ts';

const isLost = (stage: string) => stage.startsWith('The node cannot be reached');

describe('a run on a node', () => {
  it('names what its curve shows from the beginning', async () => {
    const { node, runs, runId, row } = await setUpNode();
    let shown = '';
    node.onEvent = (number) => number === 2 && void row().then(({ scoreName }) => (shown = scoreName));
    await runs.proceed(runId);
    expect(shown).toBe('MRR@10 on the validation part');
  });

  it('sends its rows, draws its curve, and brings its adapter home', async () => {
    const { runs, runId, row, curve, kept } = await setUpNode();
    const told: string[] = [];
    await runs.proceed(runId, ({ stage, done }) => told.push(`${stage} ${done}`));
    expect(await row()).toMatchObject({
      ...{
        state: 'done',
        ended: 'finished',
        step: STEPS,
        steps: STEPS,
        baseScore: 0.5,
        adapterId: 'adapter of embedder',
      },
      ...{ best: { step: STEPS, score: 0.7 }, scoreName: 'MRR@10', device: 'gpu.lan' },
      node: { fileId: 'file-1', jobId: 'job-1', model: 'ft:job-1' },
    });
    expect((await curve()).filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await curve()).find(({ kind, step }) => kind === 'validation' && step === STEPS)?.figures).toEqual({
      'recall@5': 0.9,
    });
    expect(kept).toEqual([{ zip: 'adapter.zip', scores: [{ name: 'MRR@10', base: 0.5, tuned: 0.7 }] }]);
    expect(told.at(-1)).toBe(`Training ${STEPS}`);
  });

  it('keeps what the node warned of, until it is begun anew', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.warning = 'Memory ran out: the batch is halved, and the job goes on.';
    node.failure = { code: 'diverged', message: 'The loss is NaN.' };
    await expect(runs.proceed(runId)).rejects.toThrow('The loss is NaN.');
    expect((await row()).node?.notice).toBe(node.warning);
    node.warning = '';
    node.failure = null;
    await runs.proceed(runId);
    expect((await row()).node?.notice).toBeUndefined();
  });

  it('that is left while its adapter’s weight is chosen only chooses that on return', async () => {
    const { db, node, runs, runId, row, kept, weighing } = await setUpNode();
    weighing.onWeigh = () => void runs.leave(runId);
    await runs.proceed(runId);
    expect(await row()).toMatchObject({ state: 'running', adapterId: 'adapter of embedder' });
    expect((await db.adapters.get('adapter of embedder'))!.denseWeight).toBeUndefined();
    weighing.onWeigh = () => {};
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect((await db.adapters.get('adapter of embedder'))!.denseWeight).toBe(0.9);
    expect(kept).toHaveLength(1);
    expect(node.asked.filter((what) => what.startsWith('fetch'))).toHaveLength(1);
  });

  it('that lost its node says so, stays running, and catches up when the network is back, sending nothing twice', async () => {
    const { node, network, runs, runId, row, curve } = await setUpNode();
    node.open = 4;
    const states: string[] = [];
    await runs.proceed(runId, ({ stage, done }) => {
      if (!isLost(stage)) return;
      void row().then(({ state }) => {
        states.push(`${state} ${done}`);
        node.open = Infinity;
        network.dispatchEvent(new Event('online'));
      });
    });
    expect(states).toEqual(['running 3']);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => /^(send|start)/.test(what))).toHaveLength(2);
    expect(node.asked.filter((what) => what.startsWith('event'))).toHaveLength(eventsOf(4).length);
    expect((await curve()).filter(({ kind }) => kind === 'step')).toHaveLength(STEPS);
  });

  it('is not begun twice when the answer that it was begun was lost', async () => {
    const { node, network, runs, runId, row } = await setUpNode();
    node.losesAnswer = true;
    await runs.proceed(runId, ({ stage }) => {
      if (isLost(stage)) void row().then(() => network.dispatchEvent(new Event('online')));
    });
    expect((await row()).state).toBe('done');
    expect(node.jobs).toHaveLength(1);
  });

  it('that lost its node can be left while it waits', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.open = 4;
    await runs.proceed(runId, ({ stage }) => {
      if (isLost(stage)) void runs.leave(runId);
    });
    expect(await row()).toMatchObject({ state: 'running', node: { eventId: '4', fileId: 'file-1' } });
  });

  it('is sent while another one of its node is followed, and followed after that; other nodes have their own turn', async () => {
    const { db, node, runs, runId, another } = await setUpNode();
    const [second, elsewhere] = [await another(), await another('other')];
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const followed = new Set<string>();
    node.onEvent = (_, job) => {
      followed.add(job);
      return job === 'job-1' ? held : undefined;
    };
    const proceeding = [runs.proceed(runId)];
    await vi.waitFor(() => expect(followed.size).toBe(1));
    proceeding.push(runs.proceed(second));
    await vi.waitFor(() => expect(node.jobs).toHaveLength(2));
    await runs.proceed(elsewhere);
    expect((await db.runs.get(elsewhere))!.state).toBe('done');
    expect((await db.runs.get(second))!.state).toBe('waiting');
    letGo();
    await Promise.all(proceeding);
    expect([...followed]).toEqual(['job-1', 'job-3', 'job-2']);
    expect((await db.runs.get(second))!.state).toBe('done');
  });

  it('is cancelled while it waits to be followed', async () => {
    const { db, node, runs, runId, another } = await setUpNode();
    const second = await another();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    node.onEvent = () => held;
    const first = runs.proceed(runId);
    await vi.waitFor(() => expect(node.jobs).toHaveLength(1));
    const waiting = runs.proceed(second);
    await vi.waitFor(() => expect(node.jobs).toHaveLength(2));
    await runs.stop(second, 'cancel');
    await waiting;
    expect((await db.runs.get(second))!.state).toBe('cancelled');
    expect(node.jobs.map(({ status }) => status)).toEqual(['running', 'cancelled']);
    letGo();
    await first;
  });

  it('whose node was forgotten while it was lost fails with that', async () => {
    const { node, network, runs, runId, row } = await setUpNode();
    node.open = 4;
    node.isPaired = () => !node.asked.includes('event 4');
    const proceeding = runs.proceed(runId, ({ stage }) => {
      if (isLost(stage)) void row().then(() => network.dispatchEvent(new Event('online')));
    });
    await expect(proceeding).rejects.toMatchObject({ code: 'companion/forgotten' });
    expect((await row()).state).toBe('failed');
  });

  it('that is left goes on there; one that is paused is paused there and resumed there', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.onEvent = (i) => i === 2 && void runs.leave(runId);
    await runs.proceed(runId);
    expect((await row()).state).toBe('running');
    expect(node.asked).not.toContain('pause');

    node.onEvent = (i) => i === 4 && void runs.stop(runId, 'pause');
    await runs.proceed(runId);
    expect((await row()).state).toBe('paused');
    expect(node.status).toBe('paused');

    node.onEvent = () => undefined;
    await runs.proceed(runId);
    expect(node.asked).toContain('resume');
    expect((await row()).state).toBe('done');
  });

  it('that is cancelled while it is paused is cancelled there at once, or says why not', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.onEvent = (i) => i === 2 && void runs.stop(runId, 'pause');
    await runs.proceed(runId);
    await runs.stop(runId, 'cancel');
    expect(node.status).toBe('cancelled');
    expect((await row()).state).toBe('cancelled');

    const lost = await setUpNode();
    lost.node.onEvent = (i) => i === 2 && void lost.runs.stop(lost.runId, 'pause');
    await lost.runs.proceed(lost.runId);
    lost.node.lost = true;
    await lost.runs.stop(lost.runId, 'cancel');
    expect(await lost.row()).toMatchObject({ state: 'failed', problem: { code: 'companion/unreachable' } });
  });

  it('that is stopped before it was sent sends nothing', async () => {
    const { node, runs, runId, row } = await setUpNode();
    const proceeding = runs.proceed(runId);
    await runs.stop(runId, 'cancel');
    await proceeding;
    expect(node.asked).toEqual([]);
    expect((await row()).state).toBe('cancelled');
  });

  it('that fails there says so in the node’s words, and starts anew with the rows that lie there', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.failure = { code: 'diverged', message: 'The loss is NaN.' };
    await expect(runs.proceed(runId)).rejects.toThrow('The loss is NaN.');
    expect(await row()).toMatchObject({ state: 'failed', problem: { code: 'companion/diverged' } });
    node.failure = null;
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => what.startsWith('send'))).toHaveLength(1);
    expect(node.asked.filter((what) => what.startsWith('start'))).toHaveLength(2);
  });

  it('whose node was wiped is sent and begun anew there', async () => {
    const { node, runs, runId, row, curve } = await setUpNode();
    node.onEvent = (i) => i === 4 && void runs.leave(runId);
    await runs.proceed(runId);
    node.wipe();
    node.onEvent = () => undefined;
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => /^(send|start)/.test(what))).toEqual([
      ...['send 3', 'start minilm 4'],
      ...['send 3', 'start minilm 4'],
    ]);
    expect((await curve()).filter(({ kind }) => kind === 'step')).toHaveLength(STEPS);
  });

  it('whose rows were deleted there behind its back is sent again', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.failure = { code: 'diverged', message: 'The loss is NaN.' };
    await expect(runs.proceed(runId)).rejects.toThrow('The loss is NaN.');
    node.failure = null;
    node.files.clear();
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => what.startsWith('send'))).toHaveLength(2);
  });

  it('sends nothing to a node that has other weights', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.weights = 'others';
    await expect(runs.proceed(runId)).rejects.toMatchObject({ code: 'companion/no-model' });
    expect(node.asked).toEqual([]);
    expect((await row()).node?.fileId).toBeUndefined();
  });

  it('leaves nothing there after it was deleted there', async () => {
    const { db, node, runs, runId, row } = await setUpNode();
    await runs.proceed(runId);
    await removeThere(db, [await row()], async () => node.client);
    expect(node.files.size).toBe(0);
    expect(node.asked).toContain('remove ft:job-1');
    const left = (await row()).node!;
    expect([left.fileId, left.model]).toEqual([undefined, undefined]);
    expect((await row()).adapterId).toBeDefined();
  });
});

describe('rows that arrived although their upload was cut off', () => {
  it('are marked before they leave', async () => {
    const { node, runs, runId, row } = await setUpNode();
    let marked: number | undefined;
    node.onArrived = async () => void (marked = (await row()).node?.rows);
    await runs.proceed(runId);
    expect(marked).toBe(3);
  });

  it('keep their mark when the run is stopped, and are deleted by their name', async () => {
    const { db, node, runs, runId, row } = await setUpNode();
    node.onArrived = () => void runs.stop(runId, 'cancel');
    await runs.proceed(runId);
    expect(await row()).toMatchObject({ state: 'cancelled', node: { rows: 3 } });
    await removeThere(db, [await row()], async () => node.client);
    expect(node.files.size).toBe(0);
    expect((await row()).node?.rows).toBeUndefined();
  });

  it('are not sent twice when the run goes on', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.onArrived = () => void runs.leave(runId);
    await runs.proceed(runId);
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => what.startsWith('send'))).toHaveLength(1);
  });

  it('bear no mark when the node refused them', async () => {
    const { node, runs, runId, row } = await setUpNode();
    node.onArrived = () => {
      node.files.clear();
      throw new AttuneError('companion/refused', 'The disk is full.', 'Free space.');
    };
    await expect(runs.proceed(runId)).rejects.toThrow('The disk is full.');
    expect((await row()).node?.rows).toBeUndefined();
  });
});

describe('deleting what a running job has there', () => {
  const running = async () => {
    const made = await setUpNode();
    made.node.onEvent = (i) => void (i === 2 && made.runs.leave(made.runId));
    await made.runs.proceed(made.runId);
    return made;
  };

  it('waits until the job has stopped', async () => {
    const { db, node, row } = await running();
    node.stepsLeft = 3;
    await removeThere(db, [await row()], async () => node.client, [0, 0, 0]);
    expect(node.files.size).toBe(0);
    expect((await row()).node).not.toHaveProperty('fileId', 'file-1');
  });

  it('takes the model along of one that was done before it heard of it', async () => {
    const { db, node, row } = await running();
    node.stepsLeft = 1;
    node.stopsAs = 'succeeded';
    await removeThere(db, [await row()], async () => node.client, [0]);
    expect(node.asked).toContain('remove ft:job-1');
  });

  it('keeps the mark and says so when the job does not stop', async () => {
    const { db, node, row } = await running();
    node.stepsLeft = 9;
    const removing = removeThere(db, [await row()], async () => node.client, [0, 0]);
    await expect(removing).rejects.toMatchObject({ code: 'companion/still-at-work' });
    expect((await row()).node?.fileId).toBe('file-1');
  });
});
