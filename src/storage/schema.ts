import type { Problem } from '../errors/attune-error.ts';

/** Rows of the IndexedDB database. Times are milliseconds since 1970, sizes bytes, offsets UTF-16 code units. */

export interface WorkspaceRow {
  id: string;
  name: string;
  createdAt: number;
  updatedAt: number;
  /** Overrides of the settings that domains export as data (chunking, retrieval, prompting); absent keys mean the default. */
  settings: Record<string, unknown>;
}

export type DocumentFormat = 'text' | 'markdown' | 'html' | 'pdf' | 'docx' | 'epub' | 'csv' | 'json' | 'jsonl' | 'code';

/** waiting: bytes are stored, nothing read; reading: a worker is at it; ready: chunks are committed; failed: see problem. */
export type DocumentStatus = 'waiting' | 'reading' | 'ready' | 'failed';

export interface DocumentRow {
  id: string;
  workspaceId: string;
  /** Folder and name as added, with '/' between; unique within a workspace. */
  path: string;
  name: string;
  /** The folder part of `path`, '' at the top. */
  folder: string;
  format: DocumentFormat;
  /** Size of the original file. */
  bytes: number;
  /** SHA-256 of the original file, hex. */
  contentHash: string;
  status: DocumentStatus;
  problem?: Problem;
  title?: string;
  /** ISO 639-1, detected from the text. */
  language?: string;
  pageCount?: number;
  chunkCount: number;
  addedAt: number;
  /** Bumped by every change of the document or its chunks: the search index looks for changes by it. */
  updatedAt: number;
}

/** The file as it was added: kept so that better parsers can read it again and a workspace can be carried away. */
export interface OriginalRow {
  documentId: string;
  workspaceId: string;
  blob: Blob;
}

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'table' | 'code' | 'quote';

/** A structural piece of a document's text; `start`..`end` (exclusive) are offsets into {@link DocumentTextRow.text}. */
export interface TextBlock {
  kind: BlockKind;
  start: number;
  end: number;
  /** Heading level 1-6. */
  level?: number;
  /** First page of the block, from 1 (PDF). */
  page?: number;
}

/** What the parser made of a file. Kept apart from the document row so that lists stay cheap. */
export interface DocumentTextRow {
  documentId: string;
  workspaceId: string;
  text: string;
  blocks: TextBlock[];
  /** Offset at which each page begins, page 1 first (PDF). */
  pageStarts?: number[];
}

export interface ChunkRow {
  id: string;
  workspaceId: string;
  documentId: string;
  /** Position within the document, from 0. */
  ordinal: number;
  /** Offsets into the document's text: `text.slice(start, end) === chunk.text`. */
  start: number;
  end: number;
  text: string;
  /** Titles of the headings above, outermost first; embedded together with the text. */
  headings: string[];
  page?: number;
  /** Length in the embedder's tokens. */
  tokens: number;
  /** SHA-256 over headings and text, 64 hex digits: equal hashes need no second embedding. */
  hash: string;
  /** Id of the earlier chunk that says nearly the same. */
  nearDuplicateOf?: string;
}

/** MinHash signatures of those chunks of a document that are no near-duplicates; later chunks are compared with them. */
export interface ChunkSignatureRow {
  documentId: string;
  workspaceId: string;
  chunkIds: string[];
  /** [chunkIds.length, bins], row-major. */
  signatures: Uint16Array<ArrayBuffer>;
}

/**
 * One vector index: an (embedder, adapter) pair of a workspace; several lie side by side. The vectors themselves, each
 * filed under the hash of the chunk that it stands for, lie in OPFS: see `src/retrieval/vectors/README.md`. A chunk has
 * a vector when its hash is in there, so deleting a chunk needs no write here.
 */
export interface VectorIndexRow {
  /** `workspaceId/embedderId`. */
  id: string;
  workspaceId: string;
  embedderId: string;
  /** Adapter of the embedder; absent: the base model. */
  adapterId?: string;
  dimensions: number;
  /** Vectors that are filed. */
  count: number;
  /** Grows with every commit: another tab that has read an older one reads the files again. */
  revision: number;
  updatedAt: number;
}

export type JobKind =
  'ingest' | 'embed' | 'import' | 'export' | 'download' | 'generate' | 'train' | 'evaluate' | 'check';
export type JobState = 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

/** A long-running piece of work, in the database so that the jobs tray looks the same after a reload. */
export interface JobRow {
  id: string;
  workspaceId: string | null;
  kind: JobKind;
  title: string;
  state: JobState;
  done: number;
  total: number;
  /** Plural noun of what is counted: "passages", "files", "bytes". */
  unit: string;
  secondsLeft?: number;
  /** The file being worked on now and the share of it that is done, 0-1. */
  current?: { path: string; share?: number };
  problem?: Problem;
  startedAt: number;
  updatedAt: number;
}

export interface ChatRow {
  id: string;
  workspaceId: string;
  title: string;
  createdAt: number;
  updatedAt: number;
}

/** A passage as it was shown to the model; copied, so that an old answer stays readable after its document is gone. */
export interface PassageSnapshot {
  /** Number in the prompt and in citations, from 1. */
  number: number;
  chunkId: string;
  documentId: string;
  documentName: string;
  path: string;
  headings: string[];
  page?: number;
  start: number;
  end: number;
  text: string;
  score: number;
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
  /** Why, in the words of an answer model that was tuned to say so before it answers. */
  reason?: string;
  /** The question as it was searched, when a follow-up was condensed with its history. */
  searchedAs?: string;
  passages?: PassageSnapshot[];
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
  'text' | 'kind' | 'replacedText' | 'reason' | 'support' | 'stats' | 'problem'
>;

/** App-wide settings by key (theme, last workspace, chosen models). */
export interface SettingRow {
  key: string;
  value: unknown;
}

export type ModelRole = 'embedder' | 'generator' | 'reranker';
export type ModelFormat = 'gguf' | 'safetensors' | 'onnx' | 'mlc';

/** A model that the user added. Starter models come from the manifest that set-up writes and have no row. */
export interface ModelRow {
  id: string;
  name: string;
  role: ModelRole;
  format: ModelFormat;
  architecture: string;
  /** Files in OPFS under `models/<id>/`. */
  files: { name: string; bytes: number; sha256: string }[];
  bytes: number;
  licence: string;
  /** Where it came from, in words: "file from this computer", a hub's repository name. */
  source: string;
  addedAt: number;
}

/** An OpenAI-compatible endpoint. Off until switched on; its key lies in `secrets` and never in an export. */
export interface EndpointRow {
  id: string;
  name: string;
  /** Ends before `/chat/completions`, e.g. `http://localhost:11434/v1`. */
  baseUrl: string;
  model: string;
  enabled: boolean;
  /** Context of the model, where the server tells it. */
  contextTokens?: number;
}

export interface SecretRow {
  id: string;
  value: string;
}

/** A companion node that was paired with; its token is the secret of the same id. */
export interface NodeRow {
  id: string;
  name: string;
  /** Without path: `https://gpu.example.lan:8700`. */
  url: string;
  /** Off: nothing is asked of it and the page's policy lets nothing through to it. */
  enabled: boolean;
  createdAt: number;
}

/** A run that a node does: enough to catch up after the tab was closed. */
export interface RunOnNode {
  nodeId: string;
  /** For people, also after the node was forgotten. */
  name: string;
  /** Rows that lie on the node, until they are deleted there. */
  fileId?: string;
  rows?: number;
  jobId?: string;
  /** The tuned model there, until it is deleted. */
  model?: string;
  /** Last event that is in the rows of this run. */
  eventId?: string;
}

/** Which of the three models of a pipeline an adapter changes. `linear`: a matrix over frozen embeddings. */
export type TuningTask = 'embedder' | 'reranker' | 'generator' | 'linear';

export type DatasetSplit = 'train' | 'validation' | 'test';

/** A set of questions with answers; its rows are {@link ExampleRow}s. */
export interface DatasetRow {
  id: string;
  workspaceId: string;
  name: string;
  /** Where its rows came from, in words. */
  source: string;
  /** SHA-256 over the rows in use in order, hex: runs and scores name it. */
  hash: string;
  /** Rows in use (neither rejected nor removed by a rule), by part. */
  counts: Record<DatasetSplit, number>;
  /** Counts up with every kept version ({@link DatasetVersionRow}); absent: 1. */
  version?: number;
  /** Of the split; with it and the documents the parts can be made again. */
  seed?: number;
  /** How it was split, by knob: see `SPLIT_KNOBS` in `src/datasets/settings.ts`. `by` is `file` where a file said it. */
  split?: Record<string, unknown>;
  /** Settings of the quality rules, by rule; absent keys mean the default. */
  rules?: Record<string, { on?: boolean } & Record<string, unknown>>;
  createdAt: number;
  updatedAt: number;
}

/** An earlier state of a data set, whole, so that it can be compared and brought back. */
export interface DatasetVersionRow {
  /** `datasetId/version`. */
  id: string;
  datasetId: string;
  workspaceId: string;
  version: number;
  hash: string;
  counts: Record<DatasetSplit, number>;
  /** What was done since the one before, in words. */
  note: string;
  examples: ExampleRow[];
  createdAt: number;
}

/** What a question asks for. `unanswerable`: its passage looks right and lacks the answer, which is then ''. */
export type QuestionKind = 'fact' | 'definition' | 'procedure' | 'comparison' | 'multi-passage' | 'unanswerable';

/**
 * writer: the starter model's adapter `questions`; engine: another language model; extracted: by rules alone; imported;
 * chat: a rated or corrected answer; recorded: overheard from a teacher; labelled: written by a person.
 */
export type ExampleOrigin = 'writer' | 'engine' | 'extracted' | 'imported' | 'chat' | 'recorded' | 'labelled';

/** Where a row came from: enough to make it again. Document and chunk stand in the row itself. */
export interface ExampleProvenance {
  origin: ExampleOrigin;
  /** Model and adapter that wrote it, in words. */
  generator?: string;
  promptVersion?: string;
  seed?: number;
}

/** What one quality rule found in a row. */
export interface QualityFinding {
  rule: string;
  /** unknown: what the rule needs is not there (no index, no model). */
  verdict: 'passed' | 'failed' | 'unknown';
  /** Between 0 and 1. */
  score?: number;
  reason: string;
}

/** A passage as a row of a data set holds it: copied, with where it came from. */
export interface ExamplePassage {
  text: string;
  headings: string[];
  documentKey: string;
  chunkId?: string;
}

/** A question with its answer and the passage that holds it. Rows of the part `test` are never trained on or mined. */
export interface ExampleRow {
  id: string;
  datasetId: string;
  workspaceId: string;
  /** Position within the data set, from 0. */
  ordinal: number;
  split: DatasetSplit;
  question: string;
  answer: string;
  /** Why the passage answers the question. */
  thought?: string;
  /** The passage as text; copied, so that training does not depend on a document still being there. */
  passage: string;
  /** Headings above the passage, outermost first: embedded together with it. */
  headings: string[];
  /** Splits are made by this: no document lies in two parts. */
  documentKey: string;
  chunkId?: string;
  /** Texts of passages that look right and are not. */
  negatives: string[];
  kind?: QuestionKind;
  /** ISO 639-1. */
  language?: string;
  /** The words of `passage` that hold the answer: offsets, `end` exclusive. */
  evidence?: { start: number; end: number };
  /** Further passages that the question needs, beside `passage`. */
  morePassages?: ExamplePassage[];
  provenance?: ExampleProvenance;
  /** Between 0 and 1, from what the rules found. */
  quality?: { score: number; findings: QualityFinding[] };
  /** The rule that took the row out of use; an accepted row stays in use whatever rules say. */
  removedBy?: string;
  /** What a person decided; absent: nobody looked. */
  review?: 'accepted' | 'rejected';
  editedAt?: number;
}

/** A run of the studio that writes rows for a data set, passage by passage: it goes on from `next` after a crash. */
export interface GenerationRow {
  id: string;
  workspaceId: string;
  /** What it does, in words, for the list of jobs. */
  name: string;
  /** The data set that it writes into. */
  datasetId: string;
  method: 'writer' | 'engine' | 'extracted';
  /** All knobs by key: see `src/datasets/generation/settings.ts`. */
  settings: Record<string, unknown>;
  seed: number;
  state: RunState;
  /** Passages in the order in which they are read, fixed at the start. */
  chunkIds: string[];
  /** Place of the next passage in `chunkIds`. */
  next: number;
  drafts: number;
  kept: number;
  /** Drafts that were dropped, by reason. */
  dropped: Record<string, number>;
  /** Tokens read and written. */
  tokens: { prompt: number; output: number };
  /** Seconds of computing so far, over all resumptions. */
  seconds: number;
  /** Who writes, in words. */
  generator: string;
  /** The model of the method `engine`. */
  model?: PipelineModel;
  problem?: Problem;
  createdAt: number;
  updatedAt: number;
}

/** A question to a teacher model and its answer, kept while recording was on. */
export interface RecordingRow {
  id: string;
  workspaceId: string;
  question: string;
  answer: string;
  /** The passages that it read, as they were. */
  passages: PassageSnapshot[];
  /** Who answered, in words. */
  model: string;
  createdAt: number;
}

/** A model with an adapter or without. `engine`: of a generator, which kind of engine runs it; absent: `local`. */
export interface PipelineModel {
  modelId: string;
  adapterId?: string | null;
  engine?: 'local' | 'transformers' | 'webllm' | 'endpoint';
}

/** One combination of models that answers questions: a row of the matrix. */
export interface PipelineConfiguration {
  /** Made of the parts: equal configurations have equal ids. */
  id: string;
  name: string;
  /** null: the generator answers without passages. */
  embedder: PipelineModel | null;
  /** null: passages stay in the order of the search. */
  reranker: PipelineModel | null;
  /** null: only the ranking is judged. */
  generator: PipelineModel | null;
}

/** An evaluation: configurations on the same questions. Its scores are {@link EvaluationScoreRow}s. */
export interface EvaluationRow {
  id: string;
  workspaceId: string;
  name: string;
  datasetId: string;
  datasetHash: string;
  split: DatasetSplit;
  /** Examples that are asked, fixed when it is created. */
  exampleIds: string[];
  seed: number;
  /** All knobs by key, those of searching and answering with them: see `src/evaluation/settings.ts`. */
  settings: Record<string, unknown>;
  configurations: PipelineConfiguration[];
  /** Model that judges answers; absent: scores without a judge only. */
  judge?: PipelineModel;
  /** Passages that are searched. */
  passageCount?: number;
  /** Where the models of each configuration ran, and what they took, by the configuration's id. */
  machines?: Record<string, EvaluationMachine>;
  state: RunState;
  seconds: number;
  device: string;
  problem?: Problem;
  createdAt: number;
  updatedAt: number;
}

/** Devices in words; absent: the stage was not needed or is known from an earlier evaluation only. */
export interface EvaluationMachine {
  search?: string;
  answer?: string;
  /** Memory held by the answer model, weights and cache. */
  memoryBytes?: number;
}

/** What one question cost. Measured when it was computed first: reading it from the cache costs nothing. */
export interface QuestionCost {
  searchSeconds?: number;
  rerankSeconds?: number;
  /** Of writing and checking the answer, and of that until the first token. */
  answerSeconds?: number;
  firstTokenSeconds?: number;
  promptTokens?: number;
  outputTokens?: number;
}

/** What one configuration did with one question. */
export interface EvaluationScoreRow {
  evaluationId: string;
  configurationId: string;
  exampleId: string;
  workspaceId: string;
  /** Passages in the order found, best first; ids and texts as they were. */
  passages: { chunkId: string; documentKey: string; text: string; relevant: boolean }[];
  /** Place of the first right passage from 1; absent: not among those looked at. */
  rank?: number;
  answer?: string;
  /** By the metric's key (`recall@5`, `tokenF1`): numbers, never NaN; a metric that does not apply is absent. */
  scores: Record<string, number>;
  /** Where it went wrong; absent: right, or no answer was asked for. */
  failure?: 'notRetrieved' | 'rankedLow' | 'wrongFromRight' | 'unsupported' | 'refused';
  judgement?: { scores: Record<string, number>; reason: string };
  /** What the user thinks of the answer: judges are measured by it. */
  opinion?: 'right' | 'wrong';
  cost?: QuestionCost;
}

/** A stage's result by the hash of all that it depends on, so that nothing is computed twice. */
export interface CachedResultRow {
  key: string;
  workspaceId: string;
  stage: 'embed' | 'search' | 'rerank' | 'answer' | 'similarity' | 'judge';
  value: unknown;
  usedAt: number;
}

/** A choice between two answers to the same question. */
export interface VoteRow {
  id: string;
  workspaceId: string;
  question: string;
  /** Configurations by id with their names and what they answered, in the order in which they were shown. */
  answers: [VotedAnswer, VotedAnswer];
  winner: 0 | 1 | 'tie' | 'neither';
  /** Names were hidden when the choice was made. */
  blind: boolean;
  /** The user, or a judge by its name. */
  by: string;
  createdAt: number;
}

export interface VotedAnswer {
  configurationId: string;
  name: string;
  answer: string;
  /** The prompt that it answered, for preference data. */
  prompt?: string;
}

export type RunState = 'waiting' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

/** A training run. Its checkpoint lies in OPFS under `runs/<id>/`, its curve in {@link RunPointRow}s. */
export interface RunRow {
  id: string;
  workspaceId: string;
  name: string;
  task: TuningTask;
  /** Base model, a `ModelDescription.id`. */
  modelId: string;
  datasetId: string;
  datasetHash: string;
  seed: number;
  /** All knobs of the run by key: see `src/training/settings.ts`. */
  settings: Record<string, unknown>;
  /** Of a ranking model: the adapter of the search model behind which it stands; absent: the untuned one. */
  searchAdapterId?: string;
  state: RunState;
  /** Last step that is safe in a checkpoint, and steps in all. */
  step: number;
  steps: number;
  best?: { step: number; score: number };
  /** What the score is: "MRR@10 on the validation part". */
  scoreName: string;
  /** Score of the untuned model. */
  baseScore?: number;
  ended?: 'finished' | 'early' | 'stopped';
  /** What it made. */
  adapterId?: string;
  /** Absent: in this tab. */
  node?: RunOnNode;
  /** Trials of one sweep share it. */
  sweepId?: string;
  /** How the sweep compares its trials, the values that this trial tries, by knob key, and its place among them. */
  sweep?: { method: 'grid' | 'halving'; values: Record<string, number | string>; trial: number };
  /** Seconds of computing so far, over all resumptions. */
  seconds: number;
  device: string;
  problem?: Problem;
  createdAt: number;
  updatedAt: number;
}

/** A step or a validation of a run, for its curves and its log. */
export interface RunPointRow {
  runId: string;
  step: number;
  kind: 'step' | 'validation';
  loss?: number;
  learningRate?: number;
  gradientNorm?: number;
  tokensPerSecond?: number;
  seconds?: number;
  score?: number;
  figures?: Record<string, number>;
}

/** How a generator's adapter wants to be asked, as data; `src/chat/prompt/answer-recipe.ts` builds the prompt from it. */
export interface AnswerRecipe {
  system: string;
  /** Most passages in a prompt. */
  passages: number;
  /** Longest passage; of a longer one the sentences around the best are shown. */
  passageCharacters: number;
  /** What it says where the passages lack the answer. */
  refusal: string;
  /** It says first why, then the answer: `Reason: … Answer: …`. */
  reasons?: boolean;
}

/**
 * An adapter, trained here or imported. Its PEFT files lie in OPFS under `adapters/<id>/`; starters lie with the app
 * and have no row.
 */
export interface AdapterRow {
  id: string;
  /** The workspace whose data it was trained on; every workspace may use it. */
  workspaceId: string | null;
  name: string;
  description: string;
  task: TuningTask;
  /** Base model: its id here and, for people and PEFT, its name. */
  modelId: string;
  modelName: string;
  rank: number;
  alpha: number;
  targets: string[];
  bytes: number;
  sha256: string;
  /** Licence of the base model; that of the data where it is known. */
  baseLicence: string;
  dataLicence?: string;
  /** How it scored, by name. */
  scores: { name: string; base?: number; tuned: number }[];
  runId?: string;
  datasetHash?: string;
  /** "trained here", "imported from adapter.zip". */
  source: string;
  /** A generator's: the prompt it was trained with, `recipe` of its card.json. Absent: asked like its base. */
  recipe?: AnswerRecipe;
  createdAt: number;
}

/** Adapters in force in a workspace, by the model they change: the key `adapters` of {@link WorkspaceRow.settings}. */
export interface WorkspaceAdapters {
  embedder?: string;
  reranker?: string;
  /** Absent: the starter adapter of the starter model; null: the bare base. */
  generator?: string | null;
}
