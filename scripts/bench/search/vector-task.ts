/** Milliseconds: medians over the queries, after one that warms up. */
export interface VectorTimes {
  search: number;
  bruteForce: number;
  open: number;
  /** True when both gave the same scores at every rank of every query, to float32 rounding. */
  same: boolean;
}

export interface VectorTask {
  count: number;
  dimensions: number;
  limit: number;
  queries: number;
}
