import type { ChunkRow, ExampleRow, GenerationRow } from '../../storage/schema.ts';

/** A passage to ask about. */
export interface SourcePassage {
  chunk: Pick<ChunkRow, 'id' | 'documentId' | 'headings' | 'text'>;
  documentKey: string;
  /** Another passage of the same document, for questions that need two. */
  other?: SourcePassage['chunk'];
  /** Place in the run, from 0: with its seed it decides every draw. */
  place: number;
  language?: string;
}

/** A question as a writer hands it over; the run adds what it knows of passage and data set. */
export type WrittenQuestion = Pick<
  ExampleRow,
  'question' | 'answer' | 'thought' | 'kind' | 'evidence' | 'morePassages'
>;

export interface WrittenPassage {
  questions: WrittenQuestion[];
  drafts: number;
  /** Drafts that were dropped, by reason in words. */
  dropped: Record<string, number>;
  tokens: GenerationRow['tokens'];
}

/** Writes questions about one passage after the other. */
export interface PassageWriter {
  /** Model and adapter, in words. */
  readonly generator: string;
  readonly promptVersion?: string;
  write(passage: SourcePassage, signal: AbortSignal): Promise<WrittenPassage>;
  dispose(): Promise<void>;
}
