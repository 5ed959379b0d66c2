import type {
  AdapterRow,
  DatasetRow,
  EvaluationRow,
  EvaluationScoreRow,
  ExampleRow,
  RunRow,
} from '../../storage/schema.ts';
import type { PriceTable } from '../costs/contract.ts';
import type { RecommendationInput } from '../advice/recommend.ts';
import type { MatrixTable } from '../table/contract.ts';

/** All that a report tells; every form (HTML, Markdown, CSV, JSON) is made of it alone. */
export interface ReportInput {
  evaluation: EvaluationRow;
  table: MatrixTable;
  scores: readonly EvaluationScoreRow[];
  /** The questions that were asked, for samples side by side. */
  examples: readonly ExampleRow[];
  /** The data set's row; absent when it was deleted since. */
  dataset?: DatasetRow;
  /** Adapters in the configurations and the runs that made them. */
  adapters: readonly AdapterRow[];
  runs: readonly RunRow[];
  /** Score against number of training examples, where it was measured. */
  learningCurve?: RecommendationInput['learningCurve'];
  prices?: PriceTable;
  /** Name and version of what took part: the app, models by id. */
  versions: Readonly<Record<string, string>>;
  createdAt: number;
}
