import type { AttuneDatabase } from '../storage/database.ts';
import type { RunPointRow, RunRow } from '../storage/schema.ts';
import type { TrainingProgress } from '../training/contract.ts';
import type { NodeClient } from './client.ts';
import type { CompanionEvent, CompanionJob } from './contract.ts';

/** Between two questions for the job itself, which alone knows its estimate. */
const ASK_EVERY_MS = 3000;

/** What is drawn of an event's figures besides its score. */
const NO_FIGURES = new Set(['step', 'total_steps', 'valid_score']);

/** Writes what a node says of a job to the row and the curve of its run. */
export class RunEvents {
  readonly #db: AttuneDatabase;
  readonly #run: RunRow;
  readonly #client: NodeClient;
  readonly #onProgress: ((progress: TrainingProgress) => void) | undefined;
  #asked = 0;
  #secondsLeft: number | undefined;
  #last: { step: number; at: number } | undefined;

  constructor(db: AttuneDatabase, run: RunRow, client: NodeClient, onProgress?: (progress: TrainingProgress) => void) {
    this.#db = db;
    this.#run = run;
    this.#client = client;
    this.#onProgress = onProgress;
  }

  /** Follows a job from the last event in the row until it is over or paused. @returns how it stands then */
  async follow(jobId: string, signal: AbortSignal): Promise<CompanionJob> {
    const seen = (await this.#db.runs.get(this.#run.id))?.node?.eventId;
    const { status, step, total_steps: total } = await this.#ask(jobId, signal);
    const stage = status === 'queued' ? 'In the queue of the node' : 'Training';
    this.#onProgress?.({ stage, done: step, total: total ?? this.#run.steps, secondsLeft: this.#secondsLeft });
    for await (const event of this.#client.follow(jobId, seen, signal)) {
      await this.#write(event);
      if (Date.now() - this.#asked > ASK_EVERY_MS) await this.#ask(jobId, signal);
    }
    return this.#client.job(jobId, signal);
  }

  async #write({ id: eventId, level, message, data }: CompanionEvent): Promise<void> {
    const figures = numbersOf(data);
    const { step, total_steps: steps } = figures;
    const point = step === undefined ? undefined : this.#pointOf(step, figures);
    await this.#db.transaction('rw', this.#db.runs, this.#db.runPoints, async () => {
      if (point) await this.#db.runPoints.put(point);
      await this.#db.runs
        .where('id')
        .equals(this.#run.id)
        .modify((row) => {
          // Errors end the job, and its run says them.
          row.node = { ...row.node!, eventId, ...(level === 'warn' && { notice: message }) };
          row.updatedAt = Date.now();
          if (step !== undefined) row.step = step;
          if (steps !== undefined && steps > 0) row.steps = steps;
          if (point?.seconds) row.seconds += point.seconds;
          if (point?.score === undefined) return;
          if (step === 0) row.baseScore = point.score;
          else if (!row.best || point.score > row.best.score) row.best = { step: step!, score: point.score };
        });
    });
    if (step === undefined) return;
    const total = steps ?? this.#run.steps;
    this.#onProgress?.({ stage: 'Training', done: step, total, secondsLeft: this.#secondsLeft });
  }

  /** A step takes as long as passed since the one before it came; what had piled up says nothing of that. */
  #pointOf(step: number, figures: Record<string, number>): RunPointRow {
    const runId = this.#run.id;
    if (figures['valid_score'] !== undefined) {
      const others = Object.entries(figures).filter(([name]) => !NO_FIGURES.has(name));
      return { runId, step, kind: 'validation', score: figures['valid_score'], figures: Object.fromEntries(others) };
    }
    const now = performance.now();
    const passed = this.#last && step === this.#last.step + 1 ? (now - this.#last.at) / 1000 : 0;
    this.#last = { step, at: now };
    return {
      runId,
      step,
      kind: 'step',
      ...(figures['train_loss'] !== undefined && { loss: figures['train_loss'] }),
      ...(figures['learning_rate'] !== undefined && { learningRate: figures['learning_rate'] }),
      ...(figures['gradient_norm'] !== undefined && { gradientNorm: figures['gradient_norm'] }),
      ...(passed > 0.05 && { seconds: passed }),
    };
  }

  async #ask(jobId: string, signal: AbortSignal): Promise<CompanionJob> {
    this.#asked = Date.now();
    const job = await this.#client.job(jobId, signal);
    const finish = job.estimated_finish;
    this.#secondsLeft = finish === null ? undefined : Math.max(0, finish - Date.now() / 1000);
    return job;
  }
}

function numbersOf(data: CompanionEvent['data']): Record<string, number> {
  const numbers = Object.entries(data ?? {}).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(numbers) as Record<string, number>;
}
