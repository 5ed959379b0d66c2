import type { Problem } from '../../errors/attune-error.ts';
import type { PassageSnapshot } from './chat.ts';
import type { PipelineModel } from './models.ts';
import type { RunState } from './training.ts';

/** Questions with answers, where they came from and what the rules found in them. */

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
  /** Of the data; adapters tuned on it carry it. Absent: not stated. */
  licence?: string;
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
  /** How it was split and checked then; absent: kept before this was. */
  settings?: Pick<DatasetRow, 'seed' | 'split' | 'rules'>;
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
  /** Other wordings that are as right, as several annotators give them: an answer is scored by the best of all. */
  moreAnswers?: string[];
  /** Why the passage answers the question. */
  thought?: string;
  /** The passage as text; copied, so that training does not depend on a document still being there. */
  passage: string;
  /** Headings above the passage, outermost first: embedded together with it. */
  headings: string[];
  /** Splits are made by this: no document lies in two parts. */
  documentKey: string;
  chunkId?: string;
  /** Texts of passages that look right and are not, with their headings where they are known. */
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
  /** Tokens read and written; some are estimated where whoever wrote did not count them itself. */
  tokens: { prompt: number; output: number; estimated?: true };
  /** The hosted model that writes, by its name in the price list; absent: what writes costs nothing. */
  hosted?: string;
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
