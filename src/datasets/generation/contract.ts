import type { GenerationRow, PipelineModel } from '../../storage/schema.ts';

/** What to write questions about, how, and into which data set. */
export interface GenerationRequest {
  workspaceId: string;
  /** Rows are appended to this data set; absent: a new one is made. */
  datasetId?: string;
  /** Of a new data set; absent: made from the method and the documents. */
  name?: string;
  /**
   * writer: the starter answer model with its adapter `questions`; engine: any answer model by prompts; extracted:
   * definitions, headings and tables by rules, with no model.
   */
  method: GenerationRow['method'];
  /** Absent: all documents of the workspace. */
  documentIds?: string[];
  /** Overrides of the knobs in `settings.ts`; absent keys mean the default. */
  settings: Record<string, unknown>;
  /** Chooses passages and draws words; equal seeds on equal documents write equal rows. */
  seed?: number;
  /** Only with `engine`, and needed there. */
  model?: PipelineModel;
}

/** What a request would take, before it is started; nothing is loaded for it. */
export interface GenerationEstimate {
  /** Passages that would be read, of how many that are worth a question. */
  passages: number;
  worthReading: number;
  /** Questions at most, before they are checked. */
  questions: number;
  /** Tokens read and written, roughly. */
  promptTokens: number;
  outputTokens: number;
  /** From the speed of earlier runs of the same method and model on this machine; absent: there were none. */
  seconds?: number;
  /** Whether passages are sent to another machine. */
  leavesMachine: boolean;
}

export interface GenerationProgress {
  /** In words: "Reading the model", "Writing questions". */
  stage: string;
  /** Passages. */
  done: number;
  total: number;
  secondsLeft?: number;
  /** Questions kept so far. */
  kept: number;
  /** Tokens read and written per second of this run; absent at its start and where no model is used. */
  tokensPerSecond?: number;
  /** What a hosted model has cost so far and will cost in all; absent where there is no price for it. */
  note?: string;
}

/**
 * The worker that writes questions, as seen from the main thread. Everything that lasts is a row: `GenerationRow` with
 * the counts, and `ExampleRow`s that come passage by passage, each passage in one transaction; a killed tab loses at
 * most the passage in hand.
 */
export interface QuestionGeneration {
  estimate(request: GenerationRequest): Promise<GenerationEstimate>;
  /**
   * Chooses the passages and creates the rows of the run and, where none is named, of its data set; `proceed` runs it.
   *
   * @throws AttuneError `generate/*` naming what is wrong: no passages, no model, data set gone
   */
  create(request: GenerationRequest): Promise<GenerationRow>;
  /** Runs a waiting, paused or interrupted run from its next passage until it ends, is paused or cancelled. */
  proceed(generationId: string, onProgress?: (progress: GenerationProgress) => void): Promise<void>;
  /** Ends what is going on; what was written stays, and the passage in hand is read again when it goes on. */
  stop(generationId: string, how: 'pause' | 'cancel'): Promise<void>;
}
