import { Dexie, liveQuery, type Subscription } from 'dexie';
import { createSubscriber } from 'svelte/reactivity';
import { database } from '../../../storage/database.ts';
import type { DocumentRow } from '../../../storage/schema.ts';
import { report } from '../../state/errors.svelte.ts';

const PUBLISH_EVERY_MS = 200;

/**
 * All document rows of a workspace, kept current by reading only what changed. A plain live query would read 10,000
 * rows again for every file that is ingested, and the screen would stutter for as long as that lasts.
 *
 * Relies on every write of a document setting `updatedAt`.
 */
export class DocumentFeed {
  readonly #workspaceId: string;
  readonly #rows = new Map<string, DocumentRow>();
  #published = $state.raw<DocumentRow[]>([]);
  #loaded = $state(false);
  #newest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #subscribe: () => void;

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
    this.#subscribe = createSubscriber(() => {
      const subscription = this.#follow();
      return () => {
        subscription.unsubscribe();
        clearTimeout(this.#timer);
        this.#timer = undefined;
      };
    });
  }

  get rows(): readonly DocumentRow[] {
    this.#subscribe();
    return this.#published;
  }

  get loaded(): boolean {
    this.#subscribe();
    return this.#loaded;
  }

  #follow(): Subscription {
    return liveQuery(() => this.#changes()).subscribe({
      next: ({ changed, gone }) => {
        for (const row of changed) {
          this.#rows.set(row.id, row);
          this.#newest = Math.max(this.#newest, row.updatedAt);
        }
        for (const id of gone) this.#rows.delete(id);
        if (!this.#loaded) this.#publish();
        else if (changed.length + gone.length > 0) this.#timer ??= setTimeout(() => this.#publish(), PUBLISH_EVERY_MS);
      },
      error: report,
    });
  }

  /** Rows written since the last look, in the same millisecond too, and ids that are no longer there. */
  async #changes(): Promise<{ changed: DocumentRow[]; gone: string[] }> {
    const documents = database().documents;
    const newer = documents
      .where('[workspaceId+updatedAt]')
      .between([this.#workspaceId, this.#newest], [this.#workspaceId, Dexie.maxKey], true, true);
    const mine = documents.where('workspaceId').equals(this.#workspaceId);
    const [candidates, total] = await Promise.all([newer.toArray(), mine.count()]);
    const changed = candidates.filter((row) => {
      const known = this.#rows.get(row.id);
      return (
        !known ||
        known.updatedAt !== row.updatedAt ||
        known.status !== row.status ||
        known.chunkCount !== row.chunkCount
      );
    });
    const added = changed.reduce((n, row) => n + (this.#rows.has(row.id) ? 0 : 1), 0);
    if (this.#rows.size + added === total) return { changed, gone: [] };
    const present = new Set(await mine.primaryKeys());
    return { changed, gone: [...this.#rows.keys()].filter((id) => !present.has(id)) };
  }

  #publish(): void {
    this.#timer = undefined;
    this.#published = [...this.#rows.values()];
    this.#loaded = true;
  }
}
