import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationScoreRow } from '../../storage/schema.ts';
import { storageFull } from '../../storage/storage-full.ts';

/** Rows written in one go, and how long the first of them waits at most: screens follow the table as it fills. */
const MOST = 50;
const LONGEST_WAIT_MS = 1000;

type Scored = Omit<EvaluationScoreRow, 'evaluationId' | 'configurationId' | 'exampleId' | 'workspaceId'>;

/** Writes the scores of an evaluation, some at a time. */
export class ScoreWriter {
  readonly #db: AttuneDatabase;
  readonly #of: Pick<EvaluationScoreRow, 'evaluationId' | 'workspaceId'>;
  #pending: EvaluationScoreRow[] = [];
  #writtenAt = performance.now();

  constructor(db: AttuneDatabase, of: Pick<EvaluationScoreRow, 'evaluationId' | 'workspaceId'>) {
    this.#db = db;
    this.#of = of;
  }

  async add(configurationId: string, exampleId: string, scored: Scored): Promise<void> {
    this.#pending.push({ ...this.#of, configurationId, exampleId, ...scored });
    if (this.#pending.length >= MOST || performance.now() - this.#writtenAt > LONGEST_WAIT_MS) await this.flush();
  }

  /** @throws AttuneError `storage/full` */
  async flush(): Promise<void> {
    const rows = this.#pending;
    this.#pending = [];
    await this.#put(rows).catch((error: unknown) => {
      throw storageFull(error);
    });
    this.#writtenAt = performance.now();
  }

  /** A row that is computed again keeps what the user thought of it, as long as the answer is the same. */
  #put(rows: readonly EvaluationScoreRow[]): Promise<unknown> {
    const table = this.#db.evaluationScores;
    return this.#db.transaction('rw', table, async () => {
      const keys = rows.map(({ evaluationId, configurationId, exampleId }): [string, string, string] => [
        evaluationId,
        configurationId,
        exampleId,
      ]);
      const before = await table.bulkGet(keys);
      await table.bulkPut(
        rows.map((row, i) => {
          const { opinion, answer } = before[i] ?? {};
          return opinion && answer === row.answer ? { ...row, opinion } : row;
        }),
      );
    });
  }
}
