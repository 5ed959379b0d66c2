import type { DatasetSplit, PipelineConfiguration, PipelineModel, Voting } from '../storage/schema.ts';
import type { CurvePoint } from './statistics/learning-curve.ts';

/** Which configurations to ask which questions. */
export interface EvaluationRequest {
  workspaceId: string;
  datasetId: string;
  /** Absent: made from the data set's name. */
  name?: string;
  /** Absent: `test`. */
  split?: DatasetSplit;
  /** Most questions, drawn by the seed; absent: all of the part. */
  questions?: number;
  /** Absent: 1. */
  seed?: number;
  configurations: PipelineConfiguration[];
  /** Overrides of the knobs in `settings.ts`, and of the workspace's for searching, chat and generation. */
  settings?: Record<string, unknown>;
  /** Model that judges the answers; absent: scores without a judge only. */
  judge?: PipelineModel;
}

export interface EvaluationProgress {
  /** In words: "Searching with MiniLM", "Answering with SmolLM2 and answers". */
  stage: string;
  /** Steps of all stages: a question searched, reranked, answered, compared or judged. */
  done: number;
  total: number;
  secondsLeft?: number;
}

export type EvaluationStage = 'embed' | 'search' | 'rerank' | 'answer' | 'similarity' | 'judge' | 'prefer';

/** What a run would do, before it is started; nothing is loaded for it. */
export interface EvaluationEstimate {
  questions: number;
  passages: number;
  /** By stage: steps in all, those that the cache knows, seconds for the others. */
  stages: { stage: EvaluationStage; steps: number; cached: number; seconds: number }[];
  seconds: number;
}

/**
 * The evaluation worker as seen from the main thread. Everything that lasts is a row (`EvaluationRow`,
 * `EvaluationScoreRow`, `CachedResultRow`): screens read those, and an evaluation survives its tab.
 */
export interface EvaluationService {
  /** @throws AttuneError `evaluation/*` naming what is wrong with data set or configurations, as {@link create} does */
  estimate(request: EvaluationRequest): Promise<EvaluationEstimate>;
  /** Creates the row of an evaluation; `proceed` runs it. @returns its id */
  create(request: EvaluationRequest): Promise<string>;
  /** Adds columns to the matrix: the next `proceed` computes those only. Known ones are left out. */
  addConfigurations(evaluationId: string, configurations: PipelineConfiguration[]): Promise<void>;
  /**
   * Asks for votes of a judge on an evaluation that is done: the next `proceed` has it choose and files `VoteRow`s.
   * Nothing is searched or answered again.
   *
   * @throws AttuneError `evaluation/not-done`, `evaluation/no-answers`, `evaluation/data-changed`
   */
  letVote(evaluationId: string, voting: Voting): Promise<void>;
  /**
   * Runs a waiting, paused or interrupted evaluation until it ends, is paused or cancelled. What the cache knows is not
   * computed again.
   *
   * @throws what a model threw; the row then is `failed` with the problem, and all results so far are safe
   */
  proceed(evaluationId: string, onProgress?: (progress: EvaluationProgress) => void): Promise<void>;
  /** Ends what is going on after the step in progress; the row says which of the two it was. */
  stop(evaluationId: string, how: 'pause' | 'cancel'): Promise<void>;
  /**
   * How a metric grew with the number of training questions, for `statistics/learning-curve.ts`: from configurations that
   * differ in one adapter only. Few or no points where adapters of several sizes were not compared.
   */
  learningPoints(evaluationId: string, metric: string): Promise<CurvePoint[]>;
  /** Deletes an evaluation with its scores; what it computed stays in the cache for the next one. */
  remove(evaluationId: string): Promise<void>;
}
