import type { Problem } from '../../errors/attune-error.ts';

/** Chats, their answers and what holds them up. */

export interface ChatRow {
  id: string;
  workspaceId: string;
  title: string;
  createdAt: number;
  updatedAt: number;
}

/** A passage that a search found, with its place in its document. */
export interface FoundPassage {
  /** The chunk that was found, or the best of the merged neighbours. */
  chunkId: string;
  documentId: string;
  documentName: string;
  path: string;
  headings: string[];
  page?: number;
  /** Offsets into the document's text. */
  start: number;
  end: number;
  text: string;
  /** Comparable within one answer only. */
  score: number;
}

/** A passage as it was shown to the model; copied, so that an old answer stays readable after its document is gone. */
export interface PassageSnapshot extends FoundPassage {
  /** Number in the prompt and in citations, from 1. */
  number: number;
  denseRank?: number;
  lexicalRank?: number;
}

/** A sentence of an answer with the passages that hold it up; offsets into the message's text. */
export interface SentenceSupport {
  start: number;
  end: number;
  /** Passage numbers; empty: no passage supports the sentence. */
  passages: number[];
  /** cited: the model wrote [n] and it holds; matched: found by overlap and similarity; none: unsupported. */
  basis: 'cited' | 'matched' | 'none';
}

export interface AnswerStats {
  engine: string;
  model: string;
  adapters: string[];
  device: string;
  promptTokens: number;
  outputTokens: number;
  secondsToFirstToken: number;
  tokensPerSecond: number;
  retrievalSeconds: number;
}

export interface MessageRow {
  id: string;
  chatId: string;
  workspaceId: string;
  role: 'user' | 'assistant';
  text: string;
  createdAt: number;
  /** answer: from a generator; extractive: the documents' own sentences; notFound: nothing fits; stopped: cut by the user. */
  kind?: 'answer' | 'extractive' | 'notFound' | 'stopped' | 'failed';
  /** What the answer model wrote, where nothing of it held and the documents' own sentences answer in its place. */
  replacedText?: string;
  /** The answer model was shown none of the passages: it was tuned to answer without. */
  byHeart?: boolean;
  /** Why, in the words of an answer model that was tuned to say so before it answers. */
  reason?: string;
  /** The question as it was searched, when a follow-up was condensed with its history. */
  searchedAs?: string;
  passages?: PassageSnapshot[];
  /** Why passages were found by their words alone. */
  searchProblem?: Problem;
  support?: SentenceSupport[];
  stats?: AnswerStats;
  problem?: Problem;
  /** The same question answered from the same passages by the other of base and tuned model, for comparison. */
  other?: AnswerVariant;
  feedback?: { vote: 'up' | 'down'; correctedAnswer?: string; at: number };
}

/** An answer without the question and passages that it shares with another one. */
export type AnswerVariant = Pick<
  MessageRow,
  'text' | 'kind' | 'replacedText' | 'byHeart' | 'reason' | 'support' | 'stats' | 'problem'
>;
