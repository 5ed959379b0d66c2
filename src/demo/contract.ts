import type { Problem } from '../errors/attune-error.ts';

/** Parts that the demonstration can tune, in the order in which it does. */
export type DemoPart = 'embedder' | 'reranker' | 'generator';

export interface DemoOptions {
  tune: DemoPart[];
  /** Adapters that are there already, compared with the base where a part is not tuned. */
  adapters?: Partial<Record<DemoPart, string>>;
  /** Of tuning, shared between the parts. */
  minutes: number;
  seed: number;
  /**
   * Its part for training is learned from and its test part asked. Absent: questions are written from the documents,
   * and where the samples are among them, the questions that people asked about those are the test.
   */
  datasetId?: string;
  /** Most passages that questions are written about. */
  passages: number;
  /** Most test questions. */
  questions: number;
  /** Most test questions that are also answered: each answer takes seconds. 0: only what is found is measured. */
  answers: number;
}

/** What the quality rules made of the questions that were written. */
export interface CheckedQuestions {
  /** In use after it. */
  kept: number;
  /** Taken out, by rule. */
  removed: Record<string, number>;
}

export const DEMO_STAGES = ['documents', 'questions', 'tuning', 'measuring'] as const;
export type DemoStage = (typeof DEMO_STAGES)[number];

/**
 * A demonstration of a workspace and how far it is. Every step writes here what it began before it waits for it, so
 * that a reload goes on where it was.
 */
export interface DemoState {
  workspaceId: string;
  options: DemoOptions;
  /** The step in progress, or the one that it stopped in. */
  stage: DemoStage;
  state: 'running' | 'stopped' | 'failed' | 'done';
  problem?: Problem;
  generationId?: string;
  /** Absent: not checked yet, or not written for it. */
  checked?: CheckedQuestions;
  /** What is trained on, and what is asked in the end. */
  trainingSetId?: string;
  testSetId?: string;
  /** Training runs by part. */
  runs: Partial<Record<DemoPart, string>>;
  /** What was found by each combination, on all test questions. */
  searchEvaluationId?: string;
  /** What was answered, on some of them. */
  answerEvaluationId?: string;
  /** Seconds of each step that is over. */
  timings: Partial<Record<DemoStage, number>>;
}
