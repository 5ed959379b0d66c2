import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationRow, EvaluationScoreRow, PipelineConfiguration } from '../../storage/schema.ts';
import type { CurvePoint } from '../statistics/learning-curve.ts';
import { questionsOf } from '../../training/questions-of.ts';
import { configurationId } from './configurations.ts';

type Part = 'embedder' | 'reranker' | 'generator';

/**
 * Points of a learning curve that an evaluation holds: configurations that differ in nothing but the adapter of one
 * part, by the number of questions that it was trained on. Where several parts offer a curve, the one with most points.
 *
 * @returns few or no points where adapters of several sizes were not compared
 */
export async function learningPoints(
  db: AttuneDatabase,
  { id, configurations }: EvaluationRow,
  metric: string,
): Promise<CurvePoint[]> {
  const rows = await db.evaluationScores.where('evaluationId').equals(id).toArray();
  const families = (['embedder', 'reranker', 'generator'] as const).flatMap((part) => familiesOf(configurations, part));
  let best: CurvePoint[] = [];
  for (const { part, members } of families) {
    const points = await pointsOf(db, part, members, rows, metric);
    if (new Set(points.map(({ examples }) => examples)).size > best.length) best = points;
  }
  return best;
}

interface Family {
  part: Part;
  members: PipelineConfiguration[];
}

/** Configurations that are one and the same without the adapter of a part. */
function familiesOf(configurations: readonly PipelineConfiguration[], part: Part): Family[] {
  const byRest = new Map<string, PipelineConfiguration[]>();
  for (const one of configurations) {
    const model = one[part];
    if (!model) continue;
    const rest = configurationId({ ...one, [part]: { ...model, adapterId: null } });
    byRest.set(rest, [...(byRest.get(rest) ?? []), one]);
  }
  return [...byRest.values()].map((members) => ({ part, members }));
}

async function pointsOf(
  db: AttuneDatabase,
  part: Part,
  members: readonly PipelineConfiguration[],
  rows: readonly EvaluationScoreRow[],
  metric: string,
): Promise<CurvePoint[]> {
  const measured: { examples: number; byQuestion: Map<string, number> }[] = [];
  for (const member of members) {
    const examples = await trainedOn(db, member[part]!.adapterId);
    const own = rows.filter(({ configurationId, scores }) => configurationId === member.id && metric in scores);
    if (examples === undefined || own.length === 0) continue;
    measured.push({ examples, byQuestion: new Map(own.map(({ exampleId, scores }) => [exampleId, scores[metric]!])) });
  }
  // A curve is over the same questions at every point.
  const [first, ...others] = measured;
  const shared = [...(first?.byQuestion.keys() ?? [])].filter((question) =>
    others.every(({ byQuestion }) => byQuestion.has(question)),
  );
  return measured
    .map(({ examples, byQuestion }) => ({ examples, scores: shared.map((question) => byQuestion.get(question)!) }))
    .sort((a, b) => a.examples - b.examples);
}

/** Questions of the training part that an adapter has seen; undefined where that is not known any more. */
async function trainedOn(db: AttuneDatabase, adapterId: string | null | undefined): Promise<number | undefined> {
  if (!adapterId) return 0;
  const adapter = await db.adapters.get(adapterId);
  const run = adapter?.runId === undefined ? undefined : await db.runs.get(adapter.runId);
  return run && questionsOf(db, run);
}
