import type { PipelineConfiguration } from '../../storage/schema.ts';
import type { Interval } from '../metrics/bootstrap.ts';

/** The mean of a metric over the questions that it applies to, with its 95 % interval. */
export interface Cell extends Interval {
  configurationId: string;
  /** A metric's key: `describeMetric` in `metrics/catalogue.ts` says what it means. */
  metric: string;
  /** Questions with a value. */
  n: number;
}

/** What a change of configuration did to a metric, question by question. */
export interface Difference extends Interval {
  /** Configuration that is left and the one that is changed to; `mean` is `to` − `from`. */
  from: string;
  to: string;
  metric: string;
  /** Questions with a value in both. */
  n: number;
  /** Two-sided, of the sign-flip test. */
  p: number;
  /** After Holm's correction over all differences of this metric in the table. */
  adjustedP: number;
  /** `adjustedP` below 0.05. */
  significant: boolean;
}

/** Everything that a matrix of configurations shows, computed once from the rows of scores. */
export interface MatrixTable {
  /** The first one is what others are compared with. */
  configurations: PipelineConfiguration[];
  /** In the order of the catalogue. */
  metrics: string[];
  cells: Cell[];
  /** By metric, the configurations with the best mean and those that the questions cannot tell from it; see `leaders`. */
  leaders: Record<string, string[]>;
  /**
   * Of each configuration to the first one, and of each pair that differs in one part only: what that part alone did.
   */
  differences: Difference[];
}

/** What a list says of an evaluation. */
export interface Headline {
  /** By which the configurations were ranked. */
  metric: string;
  /** The one with the best mean, the mean, and the questions with a value. */
  configurationId: string;
  value: number;
  n: number;
  /** Other configurations that the questions cannot tell from it. */
  asGood: number;
  /** Its means by metric, in the order of the catalogue. */
  means: Record<string, number>;
}
