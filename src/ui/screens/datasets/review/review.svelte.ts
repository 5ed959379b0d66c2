import { datasets } from '../../../../datasets/client.ts';
import type { ExampleEdit } from '../../../../datasets/contract.ts';
import type { ExampleRow } from '../../../../storage/schema.ts';
import type { ExampleRows } from '../example-rows.svelte.ts';
import { everything, filtered, type ReviewFilter } from './review-filter.ts';

type Decision = NonNullable<ExampleRow['review']>;

/** Going through the rows of a data set: which are shown, which one is in hand, and what was decided. */
export class Review {
  readonly #rows: ExampleRows;
  #filter = $state.raw<ReviewFilter>(everything);
  #currentId = $state<string | null>(null);
  /** Where the row in hand stood: what takes its place when it leaves the filter. */
  #place = $state(0);
  /** Rows as they were before each act, the latest last. */
  #done = $state.raw<readonly (readonly ExampleRow[])[]>([]);

  constructor(rows: ExampleRows) {
    this.#rows = rows;
  }

  readonly shown = $derived.by(() => filtered(this.#rows.all, this.#filter));
  /** Place of the row in hand among those shown, from 0; -1 when none is shown. */
  readonly index = $derived.by(() => {
    const index = this.shown.findIndex(({ id }) => id === this.#currentId);
    return index >= 0 ? index : Math.min(this.#place, this.shown.length - 1);
  });
  readonly current = $derived.by((): ExampleRow | undefined => this.shown[this.index]);
  readonly reviewed = $derived.by(() => this.#rows.all.reduce((n, { review }) => n + (review ? 1 : 0), 0));

  get filter(): ReviewFilter {
    return this.#filter;
  }
  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  narrow(change: Partial<ReviewFilter>): void {
    const kept = this.current?.id ?? null;
    this.#filter = { ...this.#filter, ...change };
    // The row in hand stays in hand while it passes; else it starts at the top.
    this.#currentId = kept;
    this.#place = 0;
  }

  go(id: string): void {
    this.#currentId = id;
    this.#place = this.shown.findIndex((row) => row.id === id);
  }

  /** Moves on; stays at either end. */
  step(by: number): void {
    const next = this.shown[Math.max(0, Math.min(this.shown.length - 1, this.index + by))];
    if (next) this.go(next.id);
  }

  /** Accepts or rejects the row in hand and goes on to the next one. */
  async decide(decision: Decision): Promise<void> {
    const { current } = this;
    if (!current) return;
    this.#goOn();
    await this.#apply(
      [current],
      (row) => ({ ...row, review: decision }),
      () => datasets.review(current.id, decision),
    );
  }

  /** Accepts or rejects every row that is shown. @returns how many */
  async decideAll(decision: Decision): Promise<number> {
    const rows = this.shown;
    const ids = rows.map(({ id }) => id);
    await this.#apply(
      rows,
      (row) => ({ ...row, review: decision }),
      () => datasets.review(ids, decision),
    );
    return rows.length;
  }

  /** Keeps a row as a person wrote it, which accepts it. */
  async edit(row: ExampleRow, edit: ExampleEdit): Promise<void> {
    await this.#apply(
      [row],
      (old) => ({ ...old, ...edit, review: 'accepted' }),
      async () => {
        await datasets.edit(row.id, edit);
        await datasets.review(row.id, 'accepted');
      },
    );
  }

  /** Says which words of its passage a row rests on; what was decided on it stands. */
  async mark(row: ExampleRow, evidence: NonNullable<ExampleRow['evidence']>): Promise<void> {
    await this.#apply(
      [row],
      (old) => ({ ...old, evidence }),
      () => datasets.edit(row.id, { evidence }),
    );
  }

  /** Takes the last act back and shows its row. */
  async undo(): Promise<void> {
    const rows = this.#done.at(-1);
    if (!rows) return;
    this.#done = this.#done.slice(0, -1);
    await this.#rows.change(rows, () => datasets.restore(rows));
    this.go(rows[0]!.id);
  }

  #goOn(): void {
    const next = this.shown[this.index + 1];
    if (next) this.go(next.id);
  }

  async #apply(rows: readonly ExampleRow[], as: (row: ExampleRow) => ExampleRow, write: () => Promise<unknown>) {
    const entry = [...rows];
    this.#done = [...this.#done, entry];
    try {
      await this.#rows.change(rows.map(as), write);
    } catch (error) {
      this.#done = this.#done.filter((other) => other !== entry);
      throw error;
    }
  }
}
