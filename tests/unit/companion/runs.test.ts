import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import type { NodeClient } from '../../../src/companion/client.ts';
import type { CompanionEvent, CompanionJob } from '../../../src/companion/contract.ts';
import { removeThere } from '../../../src/companion/left-there.ts';
import { NodeRuns } from '../../../src/companion/runs.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { AdapterRow, ExampleRow } from '../../../src/storage/schema.ts';
import { trialsOf } from '../../../src/training/sweep.ts';
import { request, setUpTraining } from '../../support/training-service.ts';

const STEPS = 6;
const BASE = 'sha-of-the-weights-here';

/**
 * Stands in for a node, which is Python and tested with this client in `companion/tests`: jobs that take their steps
 * when they are followed, and a list of what was asked of it.
 */
class StandInNode {
  readonly asked: string[] = [];
  jobs: { status: CompanionJob['status']; rank: number; run: string }[] = [];
  files = new Map<string, string>();
  /** Called when rows are there, before anybody is told. */
  onArrived: () => void | Promise<void> = () => undefined;
  /** Follows no further than this event until it is raised. */
  open = Infinity;
  lost = false;
  losesAnswer = false;
  isPaired = () => true;
  /** How often it says that a cancelled job still runs, and what became of it then. */
  stepsLeft = 0;
  stopsAs: CompanionJob['status'] = 'cancelled';
  weights = BASE;
  /** Called before each event is handed out. */
  onEvent: (number: number, job: string) => unknown = () => undefined;
  /** Comes with the third event in place of a step. */
  warning = '';
  failure: CompanionJob['error'] = null;
  /** The job that fails with it; all do without. */
  failing: string | undefined;

  readonly client = {
    models: async () => [{ id: 'minilm', role: 'embedder', bytes: 1, sha256: this.weights, base: null }],
    files: async () => [...this.files].map(([id, filename]) => ({ id, filename, bytes: 1, created_at: 0, sha256: '' })),
    send: async ({ rows }, name, signal) => {
      this.asked.push(`send ${rows}`);
      this.files.set('file-1', name);
      await this.onArrived();
      signal?.throwIfAborted();
      return 'file-1';
    },
    jobs: async () => this.jobs.map((_, i) => this.job(`job-${i + 1}`)),
    start: async ({ model, settings }, _, run) => {
      this.asked.push(`start ${model} ${String(settings['rank'])}`);
      this.jobs.push({ status: 'running', rank: Number(settings['rank']), run });
      if (this.losesAnswer) throw new AttuneError('companion/unreachable', 'It is gone.', 'Start it.');
      return this.job(`job-${this.jobs.length}`);
    },
    job: async (id) => {
      if (this.stepsLeft > 0 && --this.stepsLeft === 0) this.#of(id).status = this.stopsAs;
      return this.job(id);
    },
    control: async (id, how) => {
      if (this.lost) throw new AttuneError('companion/unreachable', 'It is gone.', 'Start it.');
      this.asked.push(how);
      const job = this.#of(id);
      if (['succeeded', 'failed'].includes(job.status))
        throw new AttuneError('companion/refused', 'It is over.', 'Nothing.');
      if (this.stepsLeft > 0) return this.job(id);
      job.status = how === 'resume' ? 'running' : how === 'pause' ? 'paused' : 'cancelled';
      return this.job(id);
    },
    follow: (id, after, signal) => this.follow(id, after, signal),
    adapter: async (name) => (this.asked.push(`fetch ${name}`), new File(['zip'], 'adapter.zip')),
    removeFile: async (id) => {
      if (this.jobs.some(({ status }) => status === 'running'))
        throw new AttuneError('companion/refused', 'A job needs this file.', 'Cancel it.');
      this.files.delete(id);
    },
    removeModel: async (name) => void this.asked.push(`remove ${name}`),
  } as Partial<NodeClient> as NodeClient;

  get status(): CompanionJob['status'] {
    return this.jobs.at(-1)!.status;
  }

  #of(id: string) {
    const job = this.jobs[Number(id.slice('job-'.length)) - 1];
    if (!job) throw new AttuneError('companion/not-found', 'There is no such job.', 'Look.');
    return job;
  }

  /** As after a reset of the machine. */
  wipe(): void {
    this.jobs = [];
    this.files.clear();
  }

  job(id: string): CompanionJob {
    const { status, rank, run } = this.#of(id);
    const over = status === 'succeeded';
    return {
      ...{ id, status, model: 'minilm', training_file: 'file-1', error: this.failure },
      ...{ fine_tuned_model: over ? `ft:${id}` : null, step: over ? STEPS : 0, total_steps: STEPS },
      ...{ estimated_finish: null, batch_halvings: 0, metadata: { run } },
      evaluation: over ? { score: 'MRR@10', base: 0.5, tuned: tunedScore(rank), step: STEPS } : null,
    };
  }

  async *follow(id: string, after = '0', signal?: AbortSignal): AsyncGenerator<CompanionEvent> {
    const job = this.#of(id);
    if (job.status === 'failed') return;
    for (const [i, event] of eventsOf(job.rank).entries()) {
      if (Number(event.id) <= Number(after)) continue;
      if (i >= this.open) throw new AttuneError('companion/unreachable', 'It is gone.', 'Start it.');
      await this.onEvent(i, id);
      signal?.throwIfAborted();
      this.asked.push(`event ${event.id}`);
      yield i === 2 && this.warning ? { ...event, level: 'warn', message: this.warning, data: null } : event;
    }
    job.status = this.failure && (this.failing ?? id) === id ? 'failed' : 'succeeded';
  }
}

const isLost = (stage: string) => stage.startsWith('The node cannot be reached');

const tunedScore = (rank: number) => 0.5 + rank / 20;

/** Untuned score, steps with losses, a validation at the end. */
function eventsOf(rank: number): CompanionEvent[] {
  const data = [
    { step: 0, total_steps: STEPS, valid_score: 0.5 },
    ...Array.from({ length: STEPS }, (_, i) => ({ step: i + 1, total_steps: STEPS, train_loss: 1 / (i + 1) })),
    { step: STEPS, total_steps: STEPS, valid_score: tunedScore(rank), 'recall@5': 0.9 },
  ];
  return data.map((values, i) => ({ id: String(i + 1), level: 'info', message: '', data: values }));
}

function rowOf(split: string, ordinal: number): ExampleRow {
  const texts = { question: `Question ${ordinal}?`, answer: 'Yes', passage: `Passage ${ordinal}`, headings: [] };
  const ids = { id: `e${ordinal}`, datasetId: 'd', workspaceId: 'w', ordinal, documentKey: `doc ${ordinal}` };
  return { ...ids, ...texts, negatives: [], split: split as ExampleRow['split'] };
}

async function setUp() {
  const { db, start } = await setUpTraining();
  const node = new StandInNode();
  const network = new EventTarget();
  const kept: object[] = [];
  const weighing = { onWeigh: () => {} };
  const runs = new NodeRuns({
    database: db,
    clientOf: async () => {
      if (!node.isPaired()) throw new AttuneError('companion/forgotten', 'It is not paired.', 'Pair.');
      return node.client;
    },
    patience: { pausesMs: [600_000], network },
    weightsHash: async () => BASE,
    keepAdapter: async (run, zip, scores) => {
      kept.push({ zip: zip.name, scores });
      const id = `adapter of ${run.task}`;
      await db.adapters.put({ id } as AdapterRow);
      return id;
    },
    weigh: async (_, adapterId, { signal }) => {
      weighing.onWeigh();
      signal.throwIfAborted();
      await db.adapters.update(adapterId, { denseWeight: 0.9 });
    },
  });
  await db.examples.bulkAdd(['train', 'train', 'validation', 'test'].map(rowOf));
  const settings = { ...request.settings, rank: 4 };
  const there = { ...request, settings, task: 'embedder' as const, node: { nodeId: 'n', name: 'gpu.lan' } };
  const another = (nodeId = 'n') => start().create({ ...there, node: { ...there.node, nodeId } });
  const runId = await another();
  /** Three trials, of which the second is the best. @returns the sweep's id */
  const sweep = async () =>
    (await start().createSweep({ ...there, grid: { rank: [2, 8, 4] }, method: 'grid' })).sweepId;
  const row = async () => (await db.runs.get(runId))!;
  const curve = async () => db.runPoints.where('runId').equals(runId).sortBy('step');
  return { db, node, network, runs, another, runId, row, curve, kept, sweep, weighing };
}

describe('a run on a node', () => {
  it('names what its curve shows from the beginning', async () => {
    const { node, runs, runId, row } = await setUp();
    let shown = '';
    node.onEvent = (number) => number === 2 && void row().then(({ scoreName }) => (shown = scoreName));
    await runs.proceed(runId);
    expect(shown).toBe('MRR@10 on the validation part');
  });

  it('sends its rows, draws its curve, and brings its adapter home', async () => {
    const { runs, runId, row, curve, kept } = await setUp();
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
    const { node, runs, runId, row } = await setUp();
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
    const { db, node, runs, runId, row, kept, weighing } = await setUp();
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
    const { node, network, runs, runId, row, curve } = await setUp();
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
    const { node, network, runs, runId, row } = await setUp();
    node.losesAnswer = true;
    await runs.proceed(runId, ({ stage }) => {
      if (isLost(stage)) void row().then(() => network.dispatchEvent(new Event('online')));
    });
    expect((await row()).state).toBe('done');
    expect(node.jobs).toHaveLength(1);
  });

  it('that lost its node can be left while it waits', async () => {
    const { node, runs, runId, row } = await setUp();
    node.open = 4;
    await runs.proceed(runId, ({ stage }) => {
      if (isLost(stage)) void runs.leave(runId);
    });
    expect(await row()).toMatchObject({ state: 'running', node: { eventId: '4', fileId: 'file-1' } });
  });

  it('is sent while another one of its node is followed, and followed after that; other nodes have their own turn', async () => {
    const { db, node, runs, runId, another } = await setUp();
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
    const { db, node, runs, runId, another } = await setUp();
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
    const { node, network, runs, runId, row } = await setUp();
    node.open = 4;
    node.isPaired = () => !node.asked.includes('event 4');
    const proceeding = runs.proceed(runId, ({ stage }) => {
      if (isLost(stage)) void row().then(() => network.dispatchEvent(new Event('online')));
    });
    await expect(proceeding).rejects.toMatchObject({ code: 'companion/forgotten' });
    expect((await row()).state).toBe('failed');
  });

  it('that is left goes on there; one that is paused is paused there and resumed there', async () => {
    const { node, runs, runId, row } = await setUp();
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
    const { node, runs, runId, row } = await setUp();
    node.onEvent = (i) => i === 2 && void runs.stop(runId, 'pause');
    await runs.proceed(runId);
    await runs.stop(runId, 'cancel');
    expect(node.status).toBe('cancelled');
    expect((await row()).state).toBe('cancelled');

    const lost = await setUp();
    lost.node.onEvent = (i) => i === 2 && void lost.runs.stop(lost.runId, 'pause');
    await lost.runs.proceed(lost.runId);
    lost.node.lost = true;
    await lost.runs.stop(lost.runId, 'cancel');
    expect(await lost.row()).toMatchObject({ state: 'failed', problem: { code: 'companion/unreachable' } });
  });

  it('that is stopped before it was sent sends nothing', async () => {
    const { node, runs, runId, row } = await setUp();
    const proceeding = runs.proceed(runId);
    await runs.stop(runId, 'cancel');
    await proceeding;
    expect(node.asked).toEqual([]);
    expect((await row()).state).toBe('cancelled');
  });

  it('that fails there says so in the node’s words, and starts anew with the rows that lie there', async () => {
    const { node, runs, runId, row } = await setUp();
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
    const { node, runs, runId, row, curve } = await setUp();
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
    const { node, runs, runId, row } = await setUp();
    node.failure = { code: 'diverged', message: 'The loss is NaN.' };
    await expect(runs.proceed(runId)).rejects.toThrow('The loss is NaN.');
    node.failure = null;
    node.files.clear();
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => what.startsWith('send'))).toHaveLength(2);
  });

  it('sends nothing to a node that has other weights', async () => {
    const { node, runs, runId, row } = await setUp();
    node.weights = 'others';
    await expect(runs.proceed(runId)).rejects.toMatchObject({ code: 'companion/no-model' });
    expect(node.asked).toEqual([]);
    expect((await row()).node?.fileId).toBeUndefined();
  });

  it('leaves nothing there after it was deleted there', async () => {
    const { db, node, runs, runId, row } = await setUp();
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
    const { node, runs, runId, row } = await setUp();
    let marked: number | undefined;
    node.onArrived = async () => void (marked = (await row()).node?.rows);
    await runs.proceed(runId);
    expect(marked).toBe(3);
  });

  it('keep their mark when the run is stopped, and are deleted by their name', async () => {
    const { db, node, runs, runId, row } = await setUp();
    node.onArrived = () => void runs.stop(runId, 'cancel');
    await runs.proceed(runId);
    expect(await row()).toMatchObject({ state: 'cancelled', node: { rows: 3 } });
    await removeThere(db, [await row()], async () => node.client);
    expect(node.files.size).toBe(0);
    expect((await row()).node?.rows).toBeUndefined();
  });

  it('are not sent twice when the run goes on', async () => {
    const { node, runs, runId, row } = await setUp();
    node.onArrived = () => void runs.leave(runId);
    await runs.proceed(runId);
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => what.startsWith('send'))).toHaveLength(1);
  });

  it('bear no mark when the node refused them', async () => {
    const { node, runs, runId, row } = await setUp();
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
    const made = await setUp();
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

describe('a sweep on a node', () => {
  const startsAndSends = (node: StandInNode) => node.asked.filter((what) => /^(send|start)/.test(what));

  it('sends its rows once, queues all trials before it follows one, and scores each', async () => {
    const { db, node, runs, sweep, kept } = await setUp();
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
    const { db, node, runs, sweep } = await setUp();
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
    const { db, node, runs, sweep } = await setUp();
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
    const { db, node, runs, sweep } = await setUp();
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
    const { db, node, runs, sweep } = await setUp();
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
    const { db, node, runs, sweep } = await setUp();
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
