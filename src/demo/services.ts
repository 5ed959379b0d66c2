import type { AdapterDescription } from '../adapters/contract.ts';
import type { DatasetService, QualityReport } from '../datasets/contract.ts';
import type { GenerationRequest } from '../datasets/generation/contract.ts';
import type { EvaluationRequest } from '../evaluation/contract.ts';
import type { DemoState } from './contract.ts';
import type { ModelDescription } from '../models/contract.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { TrainingEstimate, TrainingRequest } from '../training/contract.ts';

/** What the demonstration asks of the app: the same calls that the screens make. */
export interface DemoServices {
  db: AttuneDatabase;
  /** Stores the sample documents; reading and indexing go on as jobs. */
  addSamples(workspaceId: string): Promise<void>;
  /** The questions that people asked about the samples, as a file to import. */
  sampleQuestions(): Promise<File>;
  importDataset: DatasetService['import'];
  /** Lets the quality rules look at a data set, as it has them. @throws AbortError when the signal fires */
  check(workspaceId: string, datasetId: string, signal: AbortSignal): Promise<QualityReport>;
  /** Each starts a job and gives the id of its row. */
  generate(request: GenerationRequest): Promise<string>;
  train(request: TrainingRequest): Promise<string>;
  evaluate(request: EvaluationRequest): Promise<string>;
  estimate(request: TrainingRequest): Promise<TrainingEstimate>;
  models(): Promise<ModelDescription[]>;
  adapters(): Promise<AdapterDescription[]>;
}

/** A step of the loop: begins what is not begun yet, waits for it, and writes down what it began. */
export interface StepContext {
  services: DemoServices;
  /** Changes the demonstration's row. */
  keep: (changes: Partial<DemoState>) => Promise<void>;
  signal: AbortSignal;
}
