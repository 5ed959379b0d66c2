import type { EvaluationMachine, EvaluationRow, ExampleRow } from '../../storage/schema.ts';
import type { Corpus } from './corpus.ts';
import type { Desk } from './desk.ts';
import type { LoadedModels } from './models.ts';
import type { StoredVectors } from './rank.ts';
import type { ScoreWriter } from './score-writer.ts';

/** What an evaluation asks, read once. */
export interface Questions {
  /** Those that are asked, in the order drawn. */
  asked: ExampleRow[];
  corpus: Corpus;
  /** Right answers by example; none: the documents do not answer it; null: nobody says what is right. */
  references: Map<string, string[] | null>;
}

/** What a run works with. */
export interface RunParts {
  row: Pick<EvaluationRow, 'workspaceId' | 'settings' | 'judge'>;
  questions: Questions;
  desk: Desk;
  models: LoadedModels;
  signal: AbortSignal;
  storedVectors?: StoredVectors | undefined;
  /** For an estimate: search models, as `indexKey` names them, that the workspace has an index by. */
  indexed?: ReadonlySet<string>;
  /** Absent: nothing is written, for an estimate. */
  writer?: ScoreWriter;
  onMachine?: (configurationId: string, machine: EvaluationMachine) => void;
}
