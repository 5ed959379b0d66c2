/** Token ids of one text, special tokens included. */
export type Tokens = readonly number[];

/** Contrastive training of an embedder: the i-th query belongs to the i-th positive. */
export interface PairBatch {
  queries: readonly Tokens[];
  positives: readonly Tokens[];
  /** Mined hard negatives of each query, the same number for all, or none. */
  negatives: readonly (readonly Tokens[])[];
  /** For each query the places, among positives and then negatives, of passages that are right for it beside its own. */
  alsoRight?: readonly (readonly number[])[];
  /** Distillation: teacher scores [queries, 1 + negatives per query] of the positive and its negatives. */
  teacherScores?: Float32Array;
}

/** A query with its candidate passages, for a cross-encoder: `[CLS] query [SEP] passage [SEP]` each. */
export interface CandidateGroup {
  pairs: readonly Tokens[];
  /** Token types of each pair: 0 up to the first separator, 1 after. */
  types: readonly Tokens[];
  /** 1 for right passages, 0 for wrong ones; a teacher's scores with the distillation loss. */
  labels: readonly number[];
  /** What the search thought of each pair, in the units of the scores: added to them before the loss. Absent: nothing. */
  prior?: readonly number[];
}
export interface RankingBatch {
  groups: readonly CandidateGroup[];
}

/** Causal language modelling: the loss counts tokens from `lossFrom` on (0: all of them, which memorises). */
export interface CausalExample {
  tokens: Tokens;
  lossFrom: number;
  /** Distillation: see {@link TeacherScores}. */
  teacher?: TeacherScores;
  /**
   * Continuations of `tokens`, each of which sees `tokens` and itself alone; its positions go on from the end of
   * `tokens`. Many questions about the same passages so cost the passages once. The gradient is that of the same
   * sequences written out one by one.
   */
  branches?: readonly CausalBranch[];
}
export interface CausalBranch {
  tokens: Tokens;
  /** As in the example, counted within the branch. */
  lossFrom: number;
  teacher?: TeacherScores;
}

/** The k likeliest tokens of a teacher at every token that has a loss, in their order. */
export interface TeacherScores {
  k: number;
  /** [tokens with a loss, k] */
  tokens: Int32Array;
  /** [tokens with a loss, k], the teacher's log-probabilities; their exponentials are scaled to add up to 1. */
  logProbabilities: Float32Array;
}
export interface CausalBatch {
  examples: readonly CausalExample[];
}
