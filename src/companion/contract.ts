import type { TuningTask } from '../storage/schema.ts';

/** Where a node is and what lets one in. */
export interface CompanionConnection {
  /** Without path and trailing slash: `https://gpu.example.lan:8700`. */
  url: string;
  token: string;
}

/** What a node is, for people to see before anything is sent. All sizes in bytes. */
export interface CompanionSystem {
  version: string;
  /** False in the first half minute: its libraries are loading. */
  ready: boolean;
  cpus: number;
  memory: { total: number; available: number };
  disk: { total: number; free: number };
  gpus: { name: string; memory: number; used: number }[];
  /** Workers per job, where jobs run on a cluster. */
  ray: { address: string; workers: number; replicas?: number } | null;
  /** Jobs by state. */
  queue: Partial<Record<CompanionJobState, number>>;
  limits: { file: number; row: number; queue: number };
}

export interface CompanionModel {
  id: string;
  role: 'embedder' | 'reranker' | 'generator';
  bytes: number;
  /** A base: SHA-256 of its weights. */
  sha256?: string;
  /** An adapter: the model that it changes. */
  base: string | null;
  base_sha256?: string;
}

/** Rows that were sent and lie on the node. */
export interface CompanionFile {
  id: string;
  bytes: number;
  filename: string;
  /** Seconds since 1970. */
  created_at: number;
  sha256: string;
}

/** What a node learns. `supervised`, `causal` and `dpo` tune a generator. */
export type CompanionMethod = 'supervised' | 'causal' | 'dpo' | 'embedder' | 'reranker';

export type CompanionJobState = 'queued' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled';

export interface CompanionJob {
  id: string;
  status: CompanionJobState;
  model: string;
  training_file: string;
  fine_tuned_model: string | null;
  step: number;
  total_steps: number | null;
  /** Seconds since 1970. */
  estimated_finish: number | null;
  /** How often the batch was halved for lack of memory. */
  batch_halvings: number;
  error: { code: string; message: string } | null;
  evaluation: CompanionEvaluation | null;
  /** `run`: the id of the run here that it was begun for. */
  metadata: { run?: string };
}

/** Base and tuned on the same held-out questions. */
export interface CompanionEvaluation {
  /** What the score is: "MRR@10 on the validation part". */
  score: string;
  base: number;
  tuned: number;
  step: number;
}

export interface CompanionEvent {
  id: string;
  level: 'info' | 'warn' | 'error';
  message: string;
  /** Of a step: `step`, `total_steps`, `train_loss`, `learning_rate`; of a validation: `step`, `valid_score`. */
  data: Record<string, unknown> | null;
}

/** What to tune on the node. Settings are those of `src/training/settings.ts`, by the same keys. */
export interface CompanionRequest {
  task: Exclude<TuningTask, 'linear'>;
  /** Name of the base model on the node. */
  model: string;
  settings: Record<string, unknown>;
  seed?: number;
  /** Letters, digits, dots and dashes; becomes a part of the tuned model's name. */
  suffix?: string;
}

/** What is told of the rows for an estimate, in place of the rows. */
export interface CompanionRowsShape {
  rows: number;
  validation_rows: number;
  /** Means. */
  characters: { question: number; answer: number; passage: number };
}

/** What a job would take, measured there. Without times and memory where it did not fit. */
export interface CompanionEstimate {
  device?: string;
  /** Processes that share a batch; one of them was measured. */
  workers: number;
  steps?: number;
  seconds_per_step?: number;
  /** Of the whole job, validations included. */
  seconds?: number;
  memory_bytes?: number;
  memory_limit: number | null;
  fits: boolean;
}

/** What leaves the machine, counted before it does. */
export interface CompanionShipment {
  rows: number;
  /** Distinct passages of documents among them. */
  passages: number;
  bytes: number;
  /** The file itself, JSONL. */
  file: Blob;
}
