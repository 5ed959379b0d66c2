import type { Problem } from '../../errors/attune-error.ts';
import type { DatasetSplit } from './datasets.ts';
import type { PipelineModel } from './models.ts';
import type { RunState } from './training.ts';

/** What the laboratory measured, and votes. */

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
  /** A vote that was asked for on what is known, and is not at its end yet. */
  voting?: Voting;
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

/** A judge that chooses between the answers of two configurations, by their ids, question by question. */
export interface Voting {
  judge: PipelineModel;
  first: string;
  second: string;
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
  /** Of writing alone, as the engine measured it: the time of an answer holds its checks too. Absent: not known. */
  tokensPerSecond?: number;
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
  stage: 'embed' | 'search' | 'rerank' | 'answer' | 'similarity' | 'judge' | 'prefer';
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
  /** The person or a judge: `evaluation/judge/voters.ts`. */
  by: string;
  /** A judge's. */
  reason?: string;
  createdAt: number;
}

export interface VotedAnswer {
  configurationId: string;
  name: string;
  answer: string;
  /** The prompt that it answered, for preference data. */
  prompt?: string;
}
