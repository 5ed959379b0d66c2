import { SvelteSet } from 'svelte/reactivity';
import type { DocumentRow } from '../../../storage/schema.ts';
import { plural } from '../../format.ts';
import { report } from '../../state/errors.svelte.ts';
import { toasts } from '../../state/toasts.svelte.ts';
import { DocumentFeed } from './document-feed.svelte.ts';
import { foldersOf, initialView, visibleDocuments, type ListView, type SortKey } from './document-list.ts';

/**
 * Documents deleted on the screen, but in the database until the ten seconds for an undo are over. Outlives the screen:
 * who leaves it and comes back must not find them again.
 */
const leaving = new SvelteSet<string>();

/** What the library screen knows: documents, what is shown of them, and what is selected. */
export class LibraryState {
  readonly #feed: DocumentFeed;
  readonly selection = new SvelteSet<string>();
  view = $state<ListView>({ ...initialView });
  /** Row that the keyboard is at. */
  cursor = $state(0);
  /** Where a range of rows began. */
  #anchor = 0;

  readonly documents = $derived.by(() => this.#feed.rows.filter((row) => !leaving.has(row.id)));
  readonly visible = $derived.by(() => visibleDocuments(this.documents, this.view));
  readonly folders = $derived.by(() => foldersOf(this.documents));
  readonly passages = $derived.by(() => this.documents.reduce((sum, row) => sum + row.chunkCount, 0));
  readonly failed = $derived.by(() => this.documents.filter((row) => row.status === 'failed'));
  readonly unread = $derived.by(() =>
    this.documents.filter((row) => row.status === 'waiting' || row.status === 'reading'),
  );
  /** Selected documents that are shown: what a filter hides is never acted on. */
  readonly selected = $derived.by(() =>
    this.selection.size === 0 ? [] : this.visible.filter((row) => this.selection.has(row.id)),
  );

  constructor(workspaceId: string) {
    this.#feed = new DocumentFeed(workspaceId);
  }

  get loaded(): boolean {
    return this.#feed.loaded;
  }

  sortBy(key: SortKey): void {
    // Names begin at A, sizes and dates with the largest: what people look for first.
    const descending = this.view.sort === key ? !this.view.descending : key === 'size' || key === 'added';
    this.view = { ...this.view, sort: key, descending };
  }

  show(change: Partial<ListView>): void {
    this.view = { ...this.view, ...change };
    this.cursor = this.#anchor = 0;
  }

  /** Moves the keyboard's row; with `extend`, selects everything from where the range began. */
  moveTo(index: number, extend = false): void {
    this.cursor = Math.max(0, Math.min(this.visible.length - 1, index));
    if (!extend) this.#anchor = this.cursor;
    else this.#selectRange();
  }

  toggle(index: number, extend = false): void {
    const row = this.visible[index];
    if (!row) return;
    this.cursor = index;
    if (extend) return this.#selectRange();
    this.#anchor = index;
    if (!this.selection.delete(row.id)) this.selection.add(row.id);
  }

  selectAll(): void {
    for (const row of this.visible) this.selection.add(row.id);
  }

  clearSelection(): void {
    this.selection.clear();
  }

  /** Takes documents off the screen and, unless it is undone within ten seconds, out of the database. */
  remove(rows: readonly DocumentRow[], commit: (ids: string[]) => Promise<void>): void {
    const ids = rows.map((row) => row.id);
    for (const id of ids) {
      leaving.add(id);
      this.selection.delete(id);
    }
    this.cursor = Math.max(0, Math.min(this.cursor, this.visible.length - 1));
    toasts.undoable(rows.length === 1 ? `Deleted ${rows[0]!.name}` : `Deleted ${plural(rows.length, 'document')}`, {
      undo: () => ids.forEach((id) => leaving.delete(id)),
      commit: () =>
        void commit(ids).catch((error) => {
          // What could not be deleted is shown again.
          ids.forEach((id) => leaving.delete(id));
          report(error);
        }),
    });
  }

  #selectRange(): void {
    const [from, to] = [Math.min(this.#anchor, this.cursor), Math.max(this.#anchor, this.cursor)];
    this.selection.clear();
    for (const row of this.visible.slice(from, to + 1)) this.selection.add(row.id);
  }
}
