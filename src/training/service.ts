import type { AdapterBase } from '../adapters/base.ts';
import { opfsFolders, type Folders } from '../storage/folders.ts';
import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';
import { adapterSource, type AdapterSourceDependencies } from './adapter-source.ts';
import { RunFiles } from './checkpoints.ts';
import type { SweepRequest, TrainingEstimate, TrainingProgress, TrainingRequest, TrainingService } from './contract.ts';
import { draftRun } from './draft.ts';
import { estimateRun } from './estimate.ts';
import { executeRun, type KeepAdapter, type RunOptions, type Weigh } from './run.ts';
import { runSweep, trialSettings, type RungRun } from './sweep.ts';
import { trainingSettings } from './settings.ts';
import { Turns } from './turns.ts';

export interface TrainingDependencies extends AdapterSourceDependencies {
  database: AttuneDatabase;
  folders?: Folders;
  describeModel: (modelId: string) => Promise<AdapterBase>;
  weigh: Weigh;
  keepAdapter: KeepAdapter;
  /** What the device allows, in bytes. */
  memoryLimit: () => number | undefined;
}

interface Active {
  runId: string;
  controller: AbortController;
  how: 'pause' | 'cancel';
}

/** Training over a database; see {@link TrainingService}. One run at a time, which is all that a device can take. */
export class Training implements TrainingService {
  readonly #dependencies: TrainingDependencies;
  readonly #folders: Folders;
  readonly #turns = new Turns();
  /** Work on runs, also such as waits for its turn; a sweep's under that of its trial. */
  #active = new Set<Active>();
  /** Trials that were stopped before their turn came. */
  #unwanted = new Map<string, Active['how']>();
  #estimating: AbortController | undefined;

  constructor(dependencies: TrainingDependencies) {
    this.#dependencies = dependencies;
    this.#folders = dependencies.folders ?? opfsFolders;
  }

  async estimate(
    request: TrainingRequest,
    onProgress?: (progress: TrainingProgress) => void,
  ): Promise<TrainingEstimate> {
    await this.cancelEstimate();
    const { signal } = (this.#estimating = new AbortController());
    const { database, prepare, memoryLimit } = this.#dependencies;
    const run = await draftRun(this.#dependencies, request);
    const measure = () => {
      signal.throwIfAborted();
      return estimateRun(run, prepare, memoryLimit(), signal, onProgress);
    };
    try {
      // Over the vectors of an endpoint nothing is loaded.
      if (await database.endpoints.get(run.modelId)) return await measure();
      if (this.#active.size > 0) throw busy();
      return await this.#turns.take(signal, measure);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }

  async cancelEstimate(): Promise<void> {
    this.#endEstimate(new DOMException('The estimate is not wanted any more.', 'AbortError'));
  }

  async create(request: TrainingRequest): Promise<string> {
    const run = await draftRun(this.#dependencies, request);
    await this.#dependencies.database.runs.add(run);
    return run.id;
  }

  async createSweep(request: SweepRequest): Promise<{ sweepId: string; runIds: string[] }> {
    const sweepId = crypto.randomUUID();
    const trials = trialSettings(request.grid);
    // Trials are compared by their validations.
    const { validateEvery } = trainingSettings(request.task, request.settings);
    const watched = validateEvery > 0 ? {} : { validateEvery: 10 };
    const runs: RunRow[] = [];
    for (const [trial, values] of trials.entries()) {
      const run = await draftRun(this.#dependencies, {
        ...request,
        settings: { ...request.settings, ...watched, ...values },
      });
      const tried = Object.entries(values).map(([key, value]) => `${key} ${value}`);
      runs.push({
        ...run,
        name: `${run.name}: ${tried.join(', ')}`,
        sweepId,
        sweep: { method: request.method, values, trial },
      });
    }
    await this.#dependencies.database.runs.bulkAdd(runs);
    return { sweepId, runIds: runs.map(({ id }) => id) };
  }

  proceed(runId: string, onProgress?: (progress: TrainingProgress) => void): Promise<void> {
    this.#unwanted.clear();
    return this.#execute(runId, { keep: true, onProgress });
  }

  proceedSweep(sweepId: string, onProgress?: (progress: TrainingProgress) => void): Promise<void> {
    const { database } = this.#dependencies;
    this.#unwanted.clear();
    return runSweep(database, sweepId, async (runId, until) => {
      const name = (await database.runs.get(runId))?.name.split(': ').at(-1) ?? '';
      const report = (progress: TrainingProgress) =>
        onProgress?.({ ...progress, stage: `${progress.stage} with ${name}` });
      await this.#execute(runId, { keep: false, until, onProgress: report });
    });
  }

  async stop(runId: string, how: 'pause' | 'cancel'): Promise<void> {
    const active = [...this.#active].filter((work) => work.runId === runId);
    if (active.length === 0) this.#unwanted.set(runId, how);
    for (const work of active) {
      work.how = how;
      work.controller.abort(new DOMException('The run was stopped.', 'AbortError'));
    }
  }

  keep(runId: string): Promise<string> {
    return this.#during(runId, ({ controller: { signal } }) => this.#keep(runId, signal));
  }

  async #keep(runId: string, signal: AbortSignal): Promise<string> {
    const { database, keepAdapter } = this.#dependencies;
    const run = await database.runs.get(runId);
    if (run?.adapterId !== undefined && (await database.adapters.get(run.adapterId))) return run.adapterId;
    const files = new RunFiles(this.#folders, runId);
    const checkpoint = await files.latest();
    if (!run || !checkpoint) {
      throw new AttuneError(
        'training/no-checkpoint',
        'The run has no saved step of which an adapter could be made.',
        'Let it run for a while first.',
      );
    }
    signal.throwIfAborted();
    const task = await adapterSource(this.#dependencies, run, { memo: await files.memo(), signal });
    try {
      const scores = checkpoint.best
        ? [{ name: run.scoreName, base: run.baseScore, tuned: checkpoint.best.score }]
        : [];
      const adapterId = await keepAdapter(run, await task.adapterAt(checkpoint, signal), scores);
      await database.runs.update(runId, { adapterId, updatedAt: Date.now() });
      return adapterId;
    } finally {
      await task.dispose();
    }
  }

  async weigh(runId: string, adapterId: string, onProgress?: (progress: TrainingProgress) => void): Promise<number> {
    const { database, weigh } = this.#dependencies;
    return this.#during(runId, async ({ controller: { signal } }) => {
      const run = await database.runs.get(runId);
      signal.throwIfAborted();
      return weigh(run!, adapterId, { signal, onProgress });
    });
  }

  async remove(runId: string): Promise<void> {
    await this.stop(runId, 'cancel');
    const { database } = this.#dependencies;
    await database.transaction('rw', database.runs, database.runPoints, async () => {
      await database.runs.delete(runId);
      await database.runPoints.where('runId').equals(runId).delete();
    });
    await new RunFiles(this.#folders, runId).remove();
  }

  #execute(
    runId: string,
    options: Pick<RunOptions, 'keep' | 'onProgress'> & { until?: (run: RungRun) => number },
  ): Promise<void> {
    const { database, prepare, keepAdapter } = this.#dependencies;
    return this.#during(runId, async (active) => {
      const unwanted = this.#unwanted.get(runId);
      if (unwanted) await this.stop(runId, unwanted);
      const files = new RunFiles(this.#folders, runId);
      await executeRun(
        runId,
        { database, files, prepare, keepAdapter },
        { ...options, signal: active.controller.signal, stoppedBy: () => active.how },
      );
    });
  }

  /** Work for a run when its turn comes. {@link stop} finds it by the run's id from now on. */
  async #during<T>(runId: string, work: (active: Active) => Promise<T>): Promise<T> {
    const active: Active = { runId, controller: new AbortController(), how: 'pause' };
    this.#active.add(active);
    this.#endEstimate(busy());
    try {
      return await this.#turns.take(active.controller.signal, () => work(active));
    } finally {
      this.#active.delete(active);
    }
  }

  #endEstimate(why: Error): void {
    this.#estimating?.abort(why);
    this.#estimating = undefined;
  }
}

function busy(): AttuneError {
  return new AttuneError(
    'training/busy',
    'A run is at work in this tab, and two models at once would not fit.',
    'Wait until it has ended, or pause it.',
  );
}
