import { figures } from '../../../evaluation/figures/client.ts';
import type { MatrixTable } from '../../../evaluation/table/contract.ts';
import { database } from '../../../storage/database.ts';
import type { EvaluationScoreRow } from '../../../storage/schema.ts';

/** One question answered by the base and by the tuned models, where they differ most. */
export interface AnswerPair {
  question: string;
  right: string;
  /** Questions that it was chosen from. */
  chosenFrom: number;
  answers: { name: string; text: string; score: number | undefined }[];
}

export interface DemoResultData {
  search?: MatrixTable;
  answers?: MatrixTable;
  pair?: AnswerPair;
}

/** What the demonstration's evaluations say, from their rows. */
export async function readResult(searchId: string | undefined, answerId: string | undefined): Promise<DemoResultData> {
  const [search, answers] = [await tableOf(searchId), await tableOf(answerId)];
  const pair = answers && (await widestPair(answers.table, answers.scores));
  return {
    ...(search && { search: search.table }),
    ...(answers && { answers: answers.table }),
    ...(pair && { pair }),
  };
}

async function tableOf(
  id: string | undefined,
): Promise<{ table: MatrixTable; scores: EvaluationScoreRow[] } | undefined> {
  const known = id === undefined ? undefined : await figures.figures(id);
  if (id === undefined || !known) return undefined;
  const scores = await database().evaluationScores.where('evaluationId').equals(id).toArray();
  return { table: known.table, scores };
}

/**
 * The question on which the last configuration that reads passages, everything tuned, is furthest ahead of the first,
 * nothing tuned.
 */
async function widestPair(table: MatrixTable, scores: readonly EvaluationScoreRow[]): Promise<AnswerPair | undefined> {
  const reading = table.configurations.filter(({ embedder }) => embedder !== null);
  const [base, tuned] = [reading[0], reading.at(-1)];
  if (!base || !tuned || base.id === tuned.id) return undefined;
  const of = (configurationId: string) =>
    new Map(scores.filter((row) => row.configurationId === configurationId).map((row) => [row.exampleId, row]));
  const [left, right] = [of(base.id), of(tuned.id)];
  const gain = (id: string) => (right.get(id)?.scores['tokenF1'] ?? 0) - (left.get(id)?.scores['tokenF1'] ?? 0);
  const both = [...right.keys()].filter((id) => left.has(id)).sort((a, b) => gain(b) - gain(a));
  const [best] = both;
  const example = best === undefined ? undefined : await database().examples.get(best);
  if (best === undefined || !example) return undefined;
  const shown = (name: string, row: EvaluationScoreRow | undefined) => ({
    name,
    text: row?.answer ?? '',
    score: row?.scores['tokenF1'],
  });
  return {
    question: example.question,
    right: example.answer,
    chosenFrom: both.length,
    answers: [shown(base.name, left.get(best)), shown(tuned.name, right.get(best))],
  };
}
