export interface MatrixTask {
  passages: number;
  questions: number;
}

export interface MatrixTimes {
  /** Seconds of the first run and of one more like it. */
  first: number;
  cached: number;
  /** Scores that the second one wrote, and models that it loaded. */
  rows: number;
  loads: number;
}
