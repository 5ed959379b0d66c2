import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import type { NodeClient } from '../../../src/companion/client.ts';
import type { CompanionEvent, CompanionJob } from '../../../src/companion/contract.ts';
import { NodeRuns } from '../../../src/companion/runs.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { request, setUpTraining } from '../../support/training-service.ts';

const STEPS = 6;
const BASE = 'sha-of-the-weights-here';

/**
 * Stands in for a node, which is Python and tested with this client in `companion/tests`: one job that takes its steps
 * when it is followed, and a list of what was asked of it.
 */
class StandInNode {
  readonly asked: string[] = [];
  status: CompanionJob['status'] = 'queued';
  events: CompanionEvent[] = [];
  files = new Set<string>();
  /** Follows no further than this event until it is raised. */
  open = Infinity;
  lost = false;
  weights = BASE;
  /** Called before each event is handed out. */
  onEvent: (number: number) => void = () => undefined;
  failure: CompanionJob['error'] = null;

  readonly client = {
    models: async () => [{ id: 'minilm', role: 'embedder', bytes: 1, sha256: this.weights, base: null }],
    send: async ({ rows }) => {
      this.asked.push(`send ${rows}`);
      this.files.add('file-1');
      return 'file-1';
    },
    start: async ({ model, settings }) => {
      this.asked.push(`start ${model} ${String(settings['rank'])}`);
      this.status = 'running';
      this.events = eventsOf();
      return this.job();
    },
    job: async () => this.job(),
    control: async (_, how) => {
      if (this.lost) throw new AttuneError('companion/unreachable', 'It is gone.', 'Start it.');
      this.asked.push(how);
      if (['succeeded', 'failed'].includes(this.status))
        throw new AttuneError('companion/refused', 'It is over.', 'Nothing.');
      this.status = how === 'resume' ? 'running' : how === 'pause' ? 'paused' : 'cancelled';
      return this.job();
    },
    follow: (_, after, signal) => this.follow(after, signal),
    adapter: async () => new File(['zip'], 'adapter.zip'),
    removeFile: async (id) => void this.files.delete(id),
    removeModel: async (name) => void this.asked.push(`remove ${name}`),
  } as Partial<NodeClient> as NodeClient;

  job(): CompanionJob {
    const over = this.status === 'succeeded';
    return {
      ...{ id: 'job-1', status: this.status, model: 'minilm', training_file: 'file-1', error: this.failure },
      ...{ fine_tuned_model: over ? 'ft:minilm' : null, step: over ? STEPS : 0, total_steps: STEPS },
      ...{ estimated_finish: null, batch_halvings: 0 },
      evaluation: over ? { score: 'MRR@10', base: 0.5, tuned: 0.7, step: STEPS } : null,
    };
  }

  async *follow(after = '0', signal?: AbortSignal): AsyncGenerator<CompanionEvent> {
    for (const [i, event] of this.events.entries()) {
      if (Number(event.id) <= Number(after)) continue;
      if (i >= this.open) throw new AttuneError('companion/unreachable', 'It is gone.', 'Start it.');
      this.onEvent(i);
      signal?.throwIfAborted();
      this.asked.push(`event ${event.id}`);
      yield event;
    }
    this.status = this.failure ? 'failed' : 'succeeded';
  }
}

/** Untuned score, steps with losses, a validation at the end. */
function eventsOf(): CompanionEvent[] {
  const data = [
    { step: 0, total_steps: STEPS, valid_score: 0.5 },
    ...Array.from({ length: STEPS }, (_, i) => ({ step: i + 1, total_steps: STEPS, train_loss: 1 / (i + 1) })),
    { step: STEPS, total_steps: STEPS, valid_score: 0.7, 'recall@5': 0.9 },
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
  const kept: object[] = [];
  const runs = new NodeRuns({
    database: db,
    clientOf: async () => node.client,
    weightsHash: async () => BASE,
    keepAdapter: async (run, zip, scores) => (kept.push({ zip: zip.name, scores }), `adapter of ${run.task}`),
  });
  await db.examples.bulkAdd(['train', 'train', 'validation', 'test'].map(rowOf));
  const settings = { ...request.settings, rank: 4 };
  const runId = await start().create({
    ...request,
    settings,
    task: 'embedder',
    node: { nodeId: 'n', name: 'gpu.lan' },
  });
  const row = async () => (await db.runs.get(runId))!;
  const curve = async () => db.runPoints.where('runId').equals(runId).sortBy('step');
  return { db, node, runs, runId, row, curve, kept };
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
      node: { fileId: 'file-1', jobId: 'job-1', model: 'ft:minilm' },
    });
    expect((await curve()).filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await curve()).find(({ kind, step }) => kind === 'validation' && step === STEPS)?.figures).toEqual({
      'recall@5': 0.9,
    });
    expect(kept).toEqual([{ zip: 'adapter.zip', scores: [{ name: 'MRR@10', base: 0.5, tuned: 0.7 }] }]);
    expect(told.at(-1)).toBe(`Training ${STEPS}`);
  });

  it('that lost its node catches up from the last event that it has, and sends nothing twice', async () => {
    const { node, runs, runId, row, curve } = await setUp();
    node.open = 4;
    await expect(runs.proceed(runId)).rejects.toMatchObject({ code: 'companion/unreachable' });
    expect(await row()).toMatchObject({ state: 'failed', node: { eventId: '4', fileId: 'file-1' } });
    node.open = Infinity;
    await runs.proceed(runId);
    expect((await row()).state).toBe('done');
    expect(node.asked.filter((what) => /^(send|start)/.test(what))).toHaveLength(2);
    expect(node.asked.filter((what) => what.startsWith('event'))).toHaveLength(eventsOf().length);
    expect((await curve()).filter(({ kind }) => kind === 'step')).toHaveLength(STEPS);
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

  it('sends nothing to a node that has other weights', async () => {
    const { node, runs, runId, row } = await setUp();
    node.weights = 'others';
    await expect(runs.proceed(runId)).rejects.toMatchObject({ code: 'companion/no-model' });
    expect(node.asked).toEqual([]);
    expect((await row()).node?.fileId).toBeUndefined();
  });

  it('leaves nothing there after it was deleted there', async () => {
    const { node, runs, runId, row } = await setUp();
    await runs.proceed(runId);
    await runs.removeThere(runId);
    expect(node.files.size).toBe(0);
    expect(node.asked).toContain('remove ft:minilm');
    const left = (await row()).node!;
    expect([left.fileId, left.model]).toEqual([undefined, undefined]);
    expect((await row()).adapterId).toBeDefined();
  });
});
