import { database } from '../../storage/database.ts';
import { LiveQuery } from './live-query.svelte.ts';

interface Counts {
  documents: number;
  passages: number;
}

/** How much a workspace holds; one shared query per workspace. */
class LibraryCounts {
  #queries = new Map<string, LiveQuery<Counts>>();

  of(workspaceId: string): LiveQuery<Counts> {
    let query = this.#queries.get(workspaceId);
    if (!query) {
      query = new LiveQuery<Counts>(() => countOf(workspaceId), { documents: 0, passages: 0 });
      this.#queries.set(workspaceId, query);
    }
    return query;
  }
}

async function countOf(workspaceId: string): Promise<Counts> {
  const db = database();
  const [documents, passages] = await Promise.all([
    db.documents.where('workspaceId').equals(workspaceId).count(),
    db.chunks.where('workspaceId').equals(workspaceId).count(),
  ]);
  return { documents, passages };
}

export const library = new LibraryCounts();
