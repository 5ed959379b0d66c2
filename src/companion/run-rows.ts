import type { AttuneDatabase } from '../storage/database.ts';
import type { RunOnNode, RunRow } from '../storage/schema.ts';
import { trialsOf } from '../training/sweep.ts';

/** The rows of runs on nodes: what is there stands in them, so that a closed tab takes nothing along. */
export class RunRows {
  readonly #database: AttuneDatabase;

  constructor(database: AttuneDatabase) {
    this.#database = database;
  }

  get(runId: string): Promise<RunRow | undefined> {
    return this.#database.runs.get(runId);
  }

  async update(runId: string, changes: Partial<RunRow>): Promise<void> {
    await this.#database.runs.update(runId, { ...changes, updatedAt: Date.now() });
  }

  async updateNode(runIds: readonly string[], changes: Partial<RunOnNode>): Promise<void> {
    await this.#database.runs
      .where('id')
      .anyOf(runIds)
      .modify((row) => {
        row.node = { ...row.node!, ...changes };
      });
  }

  /** Runs that learn from the rows that this one sends: the trials of a sweep share theirs. */
  async alike({ id, sweepId }: RunRow): Promise<string[]> {
    if (sweepId === undefined) return [id];
    return (await trialsOf(this.#database, sweepId)).map((trial) => trial.id);
  }
}
