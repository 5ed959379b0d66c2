import type { AdapterDescription } from '../adapters/contract.ts';
import type { ChatEngine, EngineInfo } from '../generation/contract.ts';
import type { RetrievalService } from '../retrieval/contract.ts';
import type { ChatRow, MessageRow, PassageSnapshot } from '../storage/schema.ts';

/** A question to a workspace's documents, within a chat that exists. */
export interface AskRequest {
  chatId: string;
  /** The question as typed. */
  question: string;
  /** Answer this stored question again instead of storing a new one; the answers after it are replaced. */
  questionId?: string;
  /** Only these documents, or documents below these folders; absent: all. */
  documentIds?: string[];
  folders?: string[];
  /** Values of knobs that differ from the workspace's (see `settings.ts`). */
  settings?: Record<string, unknown>;
  /** Which of the two answers; absent: what the workspace says (`WorkspaceAdapters.generator`). */
  answerer?: Answerer;
}

/** The answer model as it is, or with its adapter: the workspace's, else the starter's. */
export type Answerer = 'base' | 'tuned';

/** A stored answer is to be written once more, from the same passages, by the other of base and tuned model. */
export interface OtherRequest {
  messageId: string;
  /** Absent: the one that did not write the stored answer. */
  answerer?: Answerer;
  settings?: Record<string, unknown>;
}

/** condensing: a follow-up is made to stand alone; checking: sentences are matched with their passages. */
export type AskStage = 'condensing' | 'searching' | 'writing' | 'checking';

/**
 * What happens while a question is answered, in this order: `question`, `stage` (several), `passages`, `text` (many),
 * `done`. A failure is a stored message too (`done` with kind `failed`); only a database error throws.
 */
export type AskEvent =
  | { type: 'question'; message: MessageRow }
  | { type: 'stage'; stage: AskStage }
  /** `weak`: nothing fits; the answer will be `notFound` and these are the nearest passages. */
  | { type: 'passages'; passages: PassageSnapshot[]; searchedAs?: string; weak: boolean }
  /** A piece to append to the answer. */
  | { type: 'text'; text: string }
  | { type: 'done'; message: MessageRow };

/** The generator as `ask` needs it: an engine with a model in it. */
export type Generator = Pick<ChatEngine, 'countTokens' | 'stream'> & { readonly info: EngineInfo };

/** The services behind a question; the screens get them from `client.ts`, tests and benches pass their own. */
export interface AskServices {
  retrieval: Pick<RetrievalService, 'search' | 'similarities'>;
  /**
   * The answer model, or how to load it: then the question is stored and its passages are shown while it loads. Absent
   * or undefined: extractive answers.
   */
  generator?: Generator | (() => Promise<Generator | undefined>);
  /** The adapters of answer models on this machine; absent: none. */
  adapters?: () => Promise<readonly AnswerAdapter[]>;
}

/** What asking has to know of an adapter. */
export type AnswerAdapter = Pick<AdapterDescription, 'id' | 'name' | 'modelId' | 'purpose' | 'recipe'>;

/** Everything that a delete removed, to be handed back to `restoreChat` for an undo. */
export interface DeletedChat {
  chat: ChatRow;
  messages: MessageRow[];
}
