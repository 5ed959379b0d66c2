import type { AttuneDatabase } from '../storage/database.ts';
import type { Embedder } from './contract.ts';
import type { FileSpace } from './files/random-access.ts';
import { TextIndex } from './text-index.ts';
import { WorkspaceIndex } from './workspace-index.ts';

/** Workspaces whose indexes stay in memory: the one at work, and one that is being looked at. */
const WORKSPACES = 2;
/** Vector indexes of each: the base's and a tuned one. */
const EMBEDDERS = 2;

interface OpenWorkspace {
  text: Promise<TextIndex>;
  /** By embedder, the one used last at the end. */
  byEmbedder: Map<string, Promise<WorkspaceIndex>>;
}

/** Indexes in memory. The words of a workspace are there once, however many embedders it has vectors of. */
export class OpenIndexes {
  #database: AttuneDatabase;
  #files: FileSpace;
  /** The one used last at the end. */
  #workspaces = new Map<string, OpenWorkspace>();

  constructor(database: AttuneDatabase, files: FileSpace) {
    this.#database = database;
    this.#files = files;
  }

  /** The index of a workspace by one embedder (absent: words only), up to date. */
  async get(workspaceId: string, embedder: Embedder | undefined): Promise<WorkspaceIndex> {
    const { text, byEmbedder } = this.#workspace(workspaceId);
    const embedderId = embedder?.id ?? '';
    let opening = byEmbedder.get(embedderId);
    if (!opening) {
      opening = text.then((words) => WorkspaceIndex.open(this.#database, this.#files, words, embedder));
      // A failed opening is not kept, or one full disk would disable search for the whole session.
      opening.catch(() => byEmbedder.delete(embedderId));
    }
    touch(byEmbedder, embedderId, opening, EMBEDDERS);
    const index = await opening;
    await index.refresh();
    return index;
  }

  /** Forgets a workspace, or what it has of one embedder. */
  forget(workspaceId: string, embedderId?: string): void {
    if (embedderId === undefined) this.#workspaces.delete(workspaceId);
    else this.#workspaces.get(workspaceId)?.byEmbedder.delete(embedderId);
  }

  #workspace(workspaceId: string): OpenWorkspace {
    let open = this.#workspaces.get(workspaceId);
    if (!open) {
      open = { text: TextIndex.open(this.#database, this.#files, workspaceId), byEmbedder: new Map() };
      const opening = open;
      opening.text.catch(() => this.#workspaces.get(workspaceId) === opening && this.#workspaces.delete(workspaceId));
    }
    touch(this.#workspaces, workspaceId, open, WORKSPACES);
    return open;
  }
}

/** Puts an entry at the end and lets the oldest go. */
function touch<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of [...map.keys()].slice(0, -most)) map.delete(oldest);
}
