import type { Problem } from '../../errors/attune-error.ts';

/** Runs, their curves, and the adapters that come of them. */

/** Which of the three models of a pipeline an adapter changes. `linear`: a matrix over frozen embeddings. */
export type TuningTask = 'embedder' | 'reranker' | 'generator' | 'linear';

export type RunState = 'waiting' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

/** A run that a node does: enough to catch up after the tab was closed. */
export interface RunOnNode {
  nodeId: string;
  /** For people, also after the node was forgotten. */
  name: string;
  /** Rows that lie on the node, until they are deleted there; known before the first byte leaves, its id afterwards. */
  rows?: number;
  fileId?: string;
  jobId?: string;
  /** The tuned model there, until it is deleted. */
  model?: string;
  /** Last event that is in the rows of this run. */
  eventId?: string;
  /** The last thing it warned of, in its own words: a halved batch, a restart. */
  notice?: string;
}

/** A training run. Its checkpoint lies in OPFS under `runs/<id>/`, its curve in {@link RunPointRow}s. */
export interface RunRow {
  id: string;
  workspaceId: string;
  name: string;
  task: TuningTask;
  /** Base model, a `ModelDescription.id`. */
  modelId: string;
  datasetId: string;
  datasetHash: string;
  /** Questions that it learns from; absent in rows of older versions. */
  questions?: number;
  seed: number;
  /** All knobs of the run by key: see `src/training/settings.ts`. */
  settings: Record<string, unknown>;
  /** Of a ranking model: the adapter of the search model behind which it stands; absent: the untuned one. */
  searchAdapterId?: string;
  state: RunState;
  /** Last step that is safe in a checkpoint, and steps in all. */
  step: number;
  steps: number;
  best?: { step: number; score: number };
  /** What the score is: "MRR@10 on the validation part". */
  scoreName: string;
  /** Score of the untuned model. */
  baseScore?: number;
  ended?: 'finished' | 'early' | 'stopped';
  /** What it made. */
  adapterId?: string;
  /** Absent: in this tab. */
  node?: RunOnNode;
  /** Trials of one sweep share it. */
  sweepId?: string;
  /** How the sweep compares its trials, the values that this trial tries, by knob key, and its place among them. */
  sweep?: { method: 'grid' | 'halving'; values: Record<string, number | string>; trial: number };
  /** Seconds of computing so far, over all resumptions. */
  seconds: number;
  device: string;
  problem?: Problem;
  createdAt: number;
  updatedAt: number;
}

/** A step or a validation of a run, for its curves and its log. */
export interface RunPointRow {
  runId: string;
  step: number;
  kind: 'step' | 'validation';
  loss?: number;
  learningRate?: number;
  gradientNorm?: number;
  tokensPerSecond?: number;
  seconds?: number;
  score?: number;
  figures?: Record<string, number>;
}

/** How a generator's adapter wants to be asked, as data; `src/chat/prompt/answer-recipe.ts` builds the prompt from it. */
export interface AnswerRecipe {
  system: string;
  /** Most passages in a prompt; 0: it answers by heart. */
  passages: number;
  /** Longest passage; of a longer one the sentences around the best are shown. */
  passageCharacters: number;
  /** What it says where the passages lack the answer. */
  refusal: string;
  /** It says first why, then the answer: `Reason: … Answer: …`. */
  reasons?: boolean;
}

/**
 * An adapter, trained here or imported. Its PEFT files lie in OPFS under `adapters/<id>/`; starters lie with the app
 * and have no row.
 */
export interface AdapterRow {
  id: string;
  /** The workspace whose data it was trained on; every workspace may use it. */
  workspaceId: string | null;
  name: string;
  description: string;
  task: TuningTask;
  /** Base model: its id here and, for people and PEFT, its name. */
  modelId: string;
  modelName: string;
  rank: number;
  alpha: number;
  targets: string[];
  bytes: number;
  sha256: string;
  /** Licence of the base model; that of the data where it is known. */
  baseLicence: string;
  dataLicence?: string;
  /** How it scored, by name. */
  scores: { name: string; base?: number; tuned: number }[];
  runId?: string;
  datasetHash?: string;
  /** "trained here", "imported from adapter.zip". */
  source: string;
  /** A generator's: the prompt it was trained with, `recipe` of its card.json. Absent: asked like its base. */
  recipe?: AnswerRecipe;
  /** A search model's: the share of meaning beside words that found most on its run's validation part, 0-1. */
  denseWeight?: number;
  createdAt: number;
}

/** Adapters in force in a workspace, by the model they change: the key `adapters` of {@link WorkspaceRow.settings}. */
export interface WorkspaceAdapters {
  embedder?: string;
  reranker?: string;
  /** Absent: the starter adapter of the starter model; null: the bare base. */
  generator?: string | null;
}
