import type { Checkpoint, StepReport, Validation } from '../engine/training/train-options.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunPointRow, RunRow } from '../storage/schema.ts';

/** Often enough for a curve that moves, seldom enough not to slow quick steps down. */
const WRITE_EVERY_MS = 500;

/** Writes what happens in a run to its row and its curve. */
export class RunRecord {
  readonly #db: AttuneDatabase;
  readonly #runId: string;
  /** Computing time that is in the row already, and since when the rest runs. */
  #seconds: number;
  #since = performance.now();
  /** The step of which an adapter would be made. */
  #worthKeeping: number;
  #points: RunPointRow[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(db: AttuneDatabase, run: RunRow) {
    this.#db = db;
    this.#runId = run.id;
    this.#seconds = run.seconds;
    this.#worthKeeping = worthKeeping(run);
  }

  /** Forgets what lies after the checkpoint from which the run goes on: it is computed again. */
  async rewind(step: number): Promise<void> {
    await this.#db.runPoints
      .where('runId')
      .equals(this.#runId)
      .filter((point) => point.step > step)
      .delete();
  }

  step({ tokens, seconds, step, loss, learningRate, gradientNorm }: StepReport): void {
    this.#add({
      runId: this.#runId,
      kind: 'step',
      step,
      loss,
      learningRate,
      gradientNorm,
      seconds,
      tokensPerSecond: tokens / seconds,
    });
  }

  validation({ step, score, figures }: Validation): void {
    this.#add({ runId: this.#runId, kind: 'validation', step, score, figures: { ...figures } });
  }

  /** Called when a checkpoint is safe: from here the run goes on after a crash. An adapter that was kept may be outdone. */
  async checkpoint({ step, best }: Checkpoint): Promise<void> {
    await this.flush();
    const now = worthKeeping({ step, best });
    const outdone = now !== this.#worthKeeping;
    this.#worthKeeping = now;
    await this.update({
      step,
      best: best && { step: best.step, score: best.score },
      ...(outdone && { adapterId: undefined }),
    });
  }

  async update(changes: Partial<RunRow>): Promise<void> {
    const now = performance.now();
    this.#seconds += (now - this.#since) / 1000;
    this.#since = now;
    await this.#db.runs.update(this.#runId, { ...changes, seconds: this.#seconds, updatedAt: Date.now() });
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const points = this.#points;
    this.#points = [];
    if (points.length > 0) this.#writing = this.#writing.then(() => this.#db.runPoints.bulkPut(points));
    await this.#writing;
  }

  #add(point: RunPointRow): void {
    this.#points.push(point);
    this.#timer ??= setTimeout(() => {
      // A failure shows at the next flush, which is awaited.
      this.flush().catch(() => undefined);
    }, WRITE_EVERY_MS);
  }
}

function worthKeeping({ step, best }: { step: number; best?: { step: number } | undefined }): number {
  return best?.step ?? step;
}
