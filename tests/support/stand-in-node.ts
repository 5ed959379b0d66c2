import type { NodeClient } from '../../src/companion/client.ts';
import type { CompanionEvent, CompanionJob } from '../../src/companion/contract.ts';
import { NodeRuns } from '../../src/companion/runs.ts';
import { AttuneError } from '../../src/errors/attune-error.ts';
import type { AdapterRow, ExampleRow } from '../../src/storage/schema.ts';
import { request, setUpTraining } from './training-service.ts';

export const STEPS = 6;
const BASE = 'sha-of-the-weights-here';

/**
 * Stands in for a node, which is Python and tested with this client in `companion/tests`: jobs that take their steps
 * when they are followed, and a list of what was asked of it.
 */
export class StandInNode {
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

export const tunedScore = (rank: number) => 0.5 + rank / 20;

/** Untuned score, steps with losses, a validation at the end. */
export function eventsOf(rank: number): CompanionEvent[] {
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

/** A workspace with rows and an untuned run on a {@link StandInNode}, and the client that works on it. */
export async function setUpNode() {
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
