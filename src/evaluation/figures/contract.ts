import type { PipelineModel } from '../../storage/schema.ts';
import type { ConfigurationSummary } from '../matrix/summary.ts';
import type { Recommendation } from '../advice/recommend.ts';
import type { Interval } from '../metrics/bootstrap.ts';
import type { Agreement } from '../statistics/kappa.ts';
import type { Strength } from '../statistics/preference.ts';
import type { Headline, MatrixTable } from '../table/contract.ts';

/** What screens show of an evaluation, made of its rows. */
export interface EvaluationFigures {
  table: MatrixTable;
  /** Failures, time and tokens of each configuration, in the table's order. */
  summaries: Omit<ConfigurationSummary, 'metrics'>[];
  /** What tuning bought, in a sentence ('' where nothing tuned was compared), and the figures behind it. */
  story: { sentence: string; figures: string[] };
  recommendation: Recommendation;
  /** How a score grows with the number of training examples; absent: adapters of fewer than three sizes were compared. */
  learningCurve?: CurveFigures;
}

export interface CurveFigures {
  /** A metric's key. */
  metric: string;
  points: (Interval & { examples: number })[];
  /** The law that fits them, to beyond the last point: what is there is a guess. */
  line: { examples: number; value: number }[];
}

export type ReportForm = 'html' | 'markdown' | 'csv' | 'json';

export interface ReportFile {
  name: string;
  blob: Blob;
}

/** How far a judge says what the user says. */
export interface JudgeAgreement extends Agreement {
  words: string;
}

/**
 * The statistics of an evaluation: tens of thousands of resamples take seconds, which neither the page nor the worker
 * that runs the models has to spare.
 */
export interface FiguresService {
  /** @returns undefined while nothing is scored. @throws AttuneError `evaluation/missing` when it is not there */
  figures(evaluationId: string): Promise<EvaluationFigures | undefined>;
  /**
   * The best of an evaluation, for a list of many.
   *
   * @returns undefined where nothing was scored. @throws as {@link figures}
   */
  headline(evaluationId: string): Promise<Headline | undefined>;
  /** A report as a file. @param versions of the app and what else took part */
  report(evaluationId: string, form: ReportForm, versions: Readonly<Record<string, string>>): Promise<ReportFile>;
  /** A judge's verdicts beside the user's opinions, over all evaluations of the workspace that it judged. */
  agreement(workspaceId: string, judge: PipelineModel): Promise<JudgeAgreement>;
  /** A judge's votes, by its name, beside the user's on the same two answers. */
  voteAgreement(workspaceId: string, judge: string): Promise<JudgeAgreement>;
  /** Who is how strong by the votes of one voter in a workspace, strongest first. @param by `user`, or a judge's name */
  strengths(workspaceId: string, by: string): Promise<Strength[]>;
}
