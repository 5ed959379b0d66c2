import type { DatasetSplit, ExamplePassage, ExampleRow, QuestionKind } from '../storage/schema.ts';

/**
 * rows: JSONL, JSON, CSV or TSV with columns; squad, beir: the layouts of these collections; chat: OpenAI messages;
 * native: what Attune itself exports. The others are what trainers of language models read.
 */
export type DatasetFormat =
  'native' | 'rows' | 'squad' | 'chat' | 'alpaca' | 'sharegpt' | 'raft' | 'pairs' | 'triplets' | 'beir';

/** Formats that are written; `native` loses nothing, the others what they have no place for. */
export type ExportFormat = 'native' | 'chat' | 'alpaca' | 'sharegpt' | 'raft' | 'pairs' | 'triplets';

/** What a column of a file can be taken for. */
export type ColumnField =
  'question' | 'answer' | 'thought' | 'passage' | 'headings' | 'document' | 'quotes' | 'negatives' | 'split' | 'kind';

/** Name of the column that is read as each field; a field without one is left out. */
export type ColumnMapping = Partial<Record<ColumnField, string>>;

/** One file, a .zip, or the files of a folder (BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`). */
export type DatasetFiles = File | readonly File[];

export interface DatasetImportOptions {
  /** Rows are added to this data set; absent: a new one is made. */
  datasetId?: string;
  /** Of a new one; absent: the file's name. */
  name?: string;
  /** Of the split; absent: 1. */
  seed?: number;
  /** Of a file with columns ({@link ImportPreview.columns}); absent: by their names. */
  mapping?: ColumnMapping;
  /** Of the data; absent: not stated. */
  licence?: string;
}

/** A row that was left out. */
export interface RefusedRow {
  /** Row of the file from 1: line of a JSONL or record of a CSV file, question of a SQuAD file. */
  row: number;
  reason: string;
}

/** What a file would become, before anything is stored. */
export interface ImportPreview {
  format: DatasetFormat;
  /** Rows of the file that hold anything. */
  total: number;
  /** Columns in the order of the file with the beginning of a value, for formats whose columns can be mapped. */
  columns: { name: string; sample: string }[];
  /** How the columns are read: as asked for, else by their names. */
  mapping: ColumnMapping;
  /** The first rows as they are read with this mapping. */
  rows: { row: number; fields: Partial<Record<ColumnField, string>> }[];
  /** Rows that can be read; whether their passages are found is seen at the import. */
  readable: number;
  /** What the reader should know before it is imported, in a sentence or two; absent: nothing. */
  warning?: string;
  /** The first problems; {@link ImportPreview.total} minus {@link ImportPreview.readable} rows have one. */
  problems: RefusedRow[];
}

export interface DatasetImport {
  datasetId: string;
  name: string;
  /** Rows that came in and are in use, by part. */
  counts: Record<DatasetSplit, number>;
  /** Rows whose passage was found in the workspace's documents. */
  attached: number;
  refused: RefusedRow[];
  /** What the reader should know of what was taken and how it was split; absent when all was, by documents as usual. */
  note?: string;
}

/** A passage as a search returns it. */
export interface FoundPassage {
  chunkId: string;
  /** Path of the document. */
  documentKey: string;
  headings: string[];
  text: string;
  /** Cosine similarity to the question; absent: found by words only. */
  similarity?: number;
}

/**
 * Whether an answer follows from its evidence by a model: 0 not at all, 1 in every statement, and why; undefined where
 * the model cannot tell.
 */
export type Entailment = (given: {
  question: string;
  answer: string;
  evidence: string;
}) => Promise<{ score: number; reason: string } | undefined>;

/** The best passages for each question, best first; at most `limit` of each. */
export type SearchPassages = (questions: readonly string[], limit: number) => Promise<FoundPassage[][]>;

export interface DatasetProgress {
  /** What is being done, in words. */
  stage: string;
  done: number;
  total: number;
}

/** Settings of the quality rules by rule: whether it takes rows out, and its knobs. Absent keys mean the default. */
export type RuleSettings = Record<string, { on?: boolean } & Record<string, unknown>>;

/** What the rules found; rows in use are counted after it. */
export interface QualityReport {
  rules: Record<string, RuleCount>;
  counts: Record<DatasetSplit, number>;
  seconds: number;
}

export interface RuleCount {
  passed: number;
  failed: number;
  unknown: number;
  /** Rows that are out of use because of this rule. */
  removed: number;
}

/** How parts are dealt: values of `SPLIT_KNOBS` by key (see `settings.ts`); absent keys mean the default. */
export type SplitSettings = Record<string, unknown>;

/** What a new split would do. */
export interface SplitPreview {
  counts: Record<DatasetSplit, number>;
  /** Rows that would be in another part than now. */
  moved: number;
  /** Rows that would leave the test part for one that models learn from. */
  leavingTest: number;
  /** What that means, in words; to be shown before it is done. */
  warning: string;
}

/**
 * What a person changes in a row; absent keys stay, but for the kind, which follows an answer that goes or comes. Rows leave
 * and enter the test part by a new split only.
 */
export interface ExampleEdit {
  question?: string;
  answer?: string;
  /** Other answers that are as right. */
  moreAnswers?: string[];
  /** '' takes it away. */
  thought?: string;
  kind?: QuestionKind;
  evidence?: { start: number; end: number };
  negatives?: string[];
  split?: 'train' | 'validation';
}

/** A row written by a person on a passage of the workspace. */
export interface LabelledExample {
  question: string;
  /** '' for a question that the passage does not answer. */
  answer: string;
  /** Other answers that are as right. */
  moreAnswers?: string[];
  thought?: string;
  /** Absent: `unanswerable` where the answer is ''. */
  kind?: QuestionKind;
  /** A passage of the workspace. */
  chunkId?: string;
  /** The passage as another row has it, with what it is placed by; absent: that of the workspace. */
  passage?: string;
  headings?: string[];
  documentKey?: string;
  /** The words that hold the answer: offsets into the passage. */
  evidence?: { start: number; end: number };
  morePassages?: ExamplePassage[];
}

/** Values of `MINING_KNOBS` by key (see `settings.ts`). */
export interface MiningOptions {
  /** For each row; absent: 3. */
  count?: number;
  /** A negative is less similar to the question than this share of the right passage's similarity; absent: 0.95. */
  margin?: number;
  /** Whether other passages of the right one's document may stand; absent: false. */
  sameDocument?: boolean;
}

export interface MiningReport {
  /** Rows that were looked at: those in use for training and validation. */
  rows: number;
  /** Rows that have negatives now, and negatives in all. */
  filled: number;
  negatives: number;
  /** Candidates that were passed over, by reason. */
  passedOver: Record<'right' | 'sameDocument' | 'nearDuplicate' | 'holdsAnswer' | 'tooSimilar' | 'testPart', number>;
}

/** Between two versions of a data set, or one and the rows of now. Rows are matched by their ids. */
export interface DatasetDiff {
  added: ExampleRow[];
  removed: ExampleRow[];
  changed: { before: ExampleRow; after: ExampleRow; fields: (keyof ExampleRow)[] }[];
  unchanged: number;
}

export interface ExportOptions {
  format: ExportFormat;
  /** Of the data, for its card and kept with the data set; absent: as the data set has it. */
  licence?: string;
  /** RAFT: wrong passages beside the right one; absent: 3. */
  distractors?: number;
}

/** Which chats become rows: liked answers as they are, corrected ones with the correction. */
export interface FromUseOptions {
  /** Added to this data set; absent: a new one. */
  datasetId?: string;
  /** Of a new one. */
  name?: string;
}

export interface FromUseReport {
  /** null where there was nothing to add and no data set to add it to. */
  datasetId: string | null;
  added: number;
  /** Answers that were left out, by reason in words. */
  skipped: Record<string, number>;
}

/**
 * Data sets of a workspace: rows (`DatasetRow`, `ExampleRow`, `DatasetVersionRow`, `RecordingRow`) that screens read by
 * themselves. Runs in a worker. Every change brings the data set's hash and counts up to date in the same transaction.
 *
 * Long calls report progress and end with an AbortError after {@link DatasetService.stop}.
 */
export interface DatasetService {
  /** @throws AttuneError `datasets/*` naming the file and what is wrong when it cannot be read at all */
  preview(files: DatasetFiles, mapping?: ColumnMapping): Promise<ImportPreview>;
  /** @throws AttuneError `datasets/*` naming the file and what is wrong when no row of it can be used */
  import(workspaceId: string, files: DatasetFiles, options?: DatasetImportOptions): Promise<DatasetImport>;
  /** The questions on the sample documents that come with the app. @throws AttuneError `samples/missing` */
  importSamples(workspaceId: string): Promise<DatasetImport>;
  /** An empty data set, to be filled by hand, from use or by generation. @returns its id */
  create(workspaceId: string, name: string): Promise<string>;
  rename(datasetId: string, name: string): Promise<void>;
  /** Deletes a data set with its rows and versions; runs that used it keep its hash. */
  remove(datasetId: string): Promise<void>;

  /**
   * Lets every rule look at every row: findings and scores are stored, and rows that fail a rule that is on go out of
   * use. Rules never take a row of the test part out.
   *
   * @param search absent: the workspace's own
   * @param entails absent: what words cannot tell stays unknown
   */
  check(
    datasetId: string,
    onProgress?: (progress: DatasetProgress) => void,
    search?: SearchPassages,
    entails?: Entailment,
  ): Promise<QualityReport>;
  /**
   * Stores settings of rules; keys that are absent stay. They act at once on rows that were checked; what a search or a
   * model would have to look at anew stands by what was found before until the next check.
   */
  setRules(datasetId: string, rules: RuleSettings): Promise<QualityReport>;

  /** What a person thinks of rows; undefined takes the decision back. An accepted row stays whatever rules say. */
  review(exampleIds: string | readonly string[], decision: 'accepted' | 'rejected' | undefined): Promise<void>;
  /** @throws AttuneError `datasets/test-locked` when a row of the test part would change its part */
  edit(exampleId: string, changes: ExampleEdit): Promise<void>;
  /** Takes what was done since by `review` and `edit` back. @param rows as they stood before it */
  restore(rows: readonly ExampleRow[]): Promise<void>;
  /** Adds a row written by hand. @returns its id. @throws AttuneError `datasets/no-passage` */
  addLabelled(datasetId: string, example: LabelledExample): Promise<string>;
  /** Deletes rows for good; `review` with 'rejected' keeps them. */
  removeExamples(exampleIds: readonly string[]): Promise<void>;

  /**
   * Fills `negatives` of the rows in use for training and validation; those of the test part stay as they are.
   *
   * @param search absent: the workspace's own
   */
  mineNegatives(
    datasetId: string,
    options?: MiningOptions,
    onProgress?: (progress: DatasetProgress) => void,
    search?: SearchPassages,
  ): Promise<MiningReport>;

  previewSplit(datasetId: string, settings: SplitSettings): Promise<SplitPreview>;
  /** Deals all rows out anew. A version is kept first. */
  resplit(datasetId: string, settings: SplitSettings): Promise<SplitPreview>;

  /** Keeps the rows as they are now. @returns the version's number */
  keepVersion(datasetId: string, note: string): Promise<number>;
  /** From version `from` to version `to`; absent: the rows of now. */
  diff(datasetId: string, from: number, to?: number): Promise<DatasetDiff>;
  /** Puts a version's rows in the place of those of now, of which a version is kept first. */
  bringBack(datasetId: string, version: number): Promise<void>;
  removeVersion(datasetId: string, version: number): Promise<void>;

  /** The rows in use as a .zip of JSONL with a data card; `native` has every row. @returns it under its file name */
  export(datasetId: string, options: ExportOptions): Promise<File>;

  /** Rows from answers with a thumb up or a correction. */
  fromChats(workspaceId: string, options?: FromUseOptions): Promise<FromUseReport>;
  /** Rows from what the recorder kept. */
  fromRecordings(workspaceId: string, options?: FromUseOptions): Promise<FromUseReport>;

  /** Ends a running check or mining of a data set: what it has found by then is dropped. */
  stop(datasetId: string): Promise<void>;
}
