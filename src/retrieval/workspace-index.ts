import type { AttuneDatabase } from '../storage/database.ts';
import type { IndexedDocument, IndexedPassage } from './catalog.ts';
import type { Embedder, SearchRequest } from './contract.ts';
import type { FileSpace } from './files/random-access.ts';
import type { Scored } from './fusion.ts';
import type { Bm25Parameters } from './lexical/bm25.ts';
import { PassagesBySlot } from './passages-by-slot.ts';
import type { TextIndex } from './text-index.ts';
import { VectorStore, type VectorStoreKey } from './vectors/vector-store.ts';

type IndexEmbedder = Pick<Embedder, 'id' | 'dimensions' | 'adapter' | 'endpoint' | 'sharesIndex'>;
type Filter = Pick<SearchRequest, 'documentIds' | 'folders'>;

/** What is in memory of one workspace: its words, and its vectors by one embedder. */
export class WorkspaceIndex {
  readonly text: TextIndex;
  readonly vectors: VectorStore | undefined;
  #passages: { built: string; bySlot: PassagesBySlot } | undefined;

  private constructor(text: TextIndex, vectors: VectorStore | undefined) {
    this.text = text;
    this.vectors = vectors;
  }

  /**
   * @param text shared by all indexes of the workspace
   * @param embedder absent: words only.
   */
  static async open(
    database: AttuneDatabase,
    files: FileSpace,
    text: TextIndex,
    embedder: IndexEmbedder | undefined,
  ): Promise<WorkspaceIndex> {
    const { workspaceId } = text;
    const vectors = embedder && (await VectorStore.open(database, files, storeKey(workspaceId, embedder)));
    return new WorkspaceIndex(text, vectors);
  }

  /** Takes in what this and other tabs have changed. */
  async refresh(): Promise<void> {
    await this.text.refresh();
    await this.vectors?.refresh();
  }

  /** Passages that have a vector. */
  get embedded(): number {
    return this.#bySlot()?.embedded ?? 0;
  }

  /** The passages most similar to `query` [dimensions], by exact cosine similarity. */
  async dense(query: Float32Array, limit: number, filter: Filter): Promise<Scored<IndexedPassage>[]> {
    const bySlot = this.#bySlot();
    if (!bySlot || bySlot.embedded === 0) return [];
    const wanted = wantedPassages(filter);
    const found = await this.vectors!.index.search(query, limit, bySlot.mask(wanted));
    return found.flatMap(({ slot, score }) =>
      bySlot
        .at(slot)
        .filter(wanted)
        .map((item) => ({ item, score })),
    );
  }

  /** Exact cosine similarities of single passages to `query`; those without a vector are missing. */
  async similarities(query: Float32Array, passages: readonly IndexedPassage[]): Promise<Map<IndexedPassage, number>> {
    const index = this.vectors!.index;
    const known = passages.filter(({ hash }) => index.slotOf(hash) !== undefined);
    const scores = await index.scores(
      query,
      known.map(({ hash }) => index.slotOf(hash)!),
    );
    return new Map(known.map((passage, i) => [passage, scores[i]!]));
  }

  /** The passages that match the words of `query` best, by BM25. */
  lexical(query: string, limit: number, parameters: Bm25Parameters, filter: Filter): Scored<IndexedPassage>[] {
    const { catalog, words } = this.text;
    let allowed: Uint8Array | undefined;
    if (filter.documentIds || filter.folders) {
      allowed = new Uint8Array(catalog.numbers);
      const wanted = wantedDocument(filter);
      for (const document of catalog.documents.values()) {
        if (wanted(document)) for (const number of document.passages) allowed[number] = 1;
      }
    }
    const found = words.search(query, limit, parameters, allowed);
    return found.map(({ passage, score }) => ({ item: catalog.passage(passage)!, score }));
  }

  #bySlot(): PassagesBySlot | undefined {
    if (!this.vectors) return undefined;
    const built = `${this.text.revision}/${this.vectors.index.revision}`;
    if (this.#passages?.built !== built) {
      this.#passages = { built, bySlot: new PassagesBySlot(this.text.catalog, this.vectors.index) };
    }
    return this.#passages.bySlot;
  }
}

function storeKey(
  workspaceId: string,
  { id, dimensions, adapter, endpoint, sharesIndex }: IndexEmbedder,
): VectorStoreKey {
  const adapterId = sharesIndex ? undefined : adapter?.id;
  return {
    workspaceId,
    embedderId: id,
    dimensions,
    ...(adapterId !== undefined && { adapterId }),
    ...(endpoint && { endpointId: endpoint.id }),
  };
}

function wantedPassages(filter: Filter): (passage: IndexedPassage) => boolean {
  if (!filter.documentIds && !filter.folders) return () => true;
  const wanted = wantedDocument(filter);
  const answers = new Map<IndexedDocument, boolean>();
  return ({ document }) => {
    let answer = answers.get(document);
    if (answer === undefined) answers.set(document, (answer = wanted(document)));
    return answer;
  };
}

/** Both filters at once narrow to what both allow. */
function wantedDocument({ documentIds, folders }: Filter): (document: IndexedDocument) => boolean {
  const ids = documentIds && new Set(documentIds);
  return ({ id, folder }) =>
    (!ids || ids.has(id)) &&
    (!folders || folders.some((wanted) => wanted === '' || folder === wanted || folder.startsWith(`${wanted}/`)));
}
