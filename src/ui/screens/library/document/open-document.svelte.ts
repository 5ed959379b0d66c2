import { database } from '../../../../storage/database.ts';
import type { DocumentRow, DocumentTextRow } from '../../../../storage/schema.ts';
import { LiveQuery } from '../../../state/live-query.svelte.ts';
import type { ChunkOutline } from './ranges.ts';
import { sectionsOf } from './sections.ts';

/** The rows of one document as the viewer needs them; they follow the database while the document is read anew. */
export class OpenDocument {
  readonly id: string;
  readonly #row: LiveQuery<DocumentRow | undefined>;
  readonly #text: LiveQuery<DocumentTextRow | undefined>;
  readonly #chunks: LiveQuery<ChunkOutline[]>;
  readonly sections = $derived.by(() => (this.text ? sectionsOf(this.text.text, this.text.blocks) : []));
  readonly nearDuplicates = $derived.by(() => this.chunks.reduce((n, chunk) => n + (chunk.nearDuplicate ? 1 : 0), 0));

  constructor(id: string) {
    this.id = id;
    this.#row = new LiveQuery(() => database().documents.get(id), undefined);
    this.#text = new LiveQuery(() => database().documentTexts.get(id), undefined);
    this.#chunks = new LiveQuery(() => chunkOutlines(id), []);
  }

  get row(): DocumentRow | undefined {
    return this.#row.current;
  }

  get text(): DocumentTextRow | undefined {
    return this.#text.current;
  }

  /** In the order of the text. */
  get chunks(): readonly ChunkOutline[] {
    return this.#chunks.current;
  }

  /** False until row and text were looked up once. */
  get loaded(): boolean {
    return this.#row.loaded && this.#text.loaded;
  }
}

async function chunkOutlines(documentId: string): Promise<ChunkOutline[]> {
  const rows = await database().chunks.where('documentId').equals(documentId).toArray();
  return rows
    .map(({ id, ordinal, start, end, tokens, nearDuplicateOf }) => ({
      id,
      ordinal,
      start,
      end,
      tokens,
      nearDuplicate: nearDuplicateOf !== undefined,
    }))
    .sort((a, b) => a.ordinal - b.ordinal);
}
