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

async function widestPair(table: MatrixTable, scores: readonly EvaluationScoreRow[]): Promise<AnswerPair | undefined> {
  const widest = widestGap(table.configurations, scores);
  const example = widest && (await database().examples.get(widest.exampleId));
  if (!widest || !example) return undefined;
  const { answers, chosenFrom } = widest;
  return {
    ...{ question: example.question, right: example.answer, chosenFrom },
    answers: answers.map(({ name, row }) => ({ name, text: row.answer ?? '', score: row.scores['tokenF1'] })),
  };
}

type Answered = Pick<EvaluationScoreRow, 'configurationId' | 'exampleId' | 'answer' | 'scores'>;

/**
 * The question on which the last configuration that reads passages, everything tuned, is furthest ahead of the first,
 * nothing tuned; undefined where there are not two of them, or no question that both answered.
 */
export function widestGap(
  configurations: MatrixTable['configurations'],
  scores: readonly Answered[],
): { exampleId: string; chosenFrom: number; answers: { name: string; row: Answered }[] } | undefined {
  const reading = configurations.filter(({ embedder }) => embedder !== null);
  const [base, tuned] = [reading[0], reading.at(-1)];
  if (!base || !tuned || base.id === tuned.id) return undefined;
  const right = new Map(
    scores.filter(({ configurationId }) => configurationId === tuned.id).map((row) => [row.exampleId, row]),
  );
  const both = scores.flatMap((before) => {
    const after = before.configurationId === base.id ? right.get(before.exampleId) : undefined;
    return after ? [{ before, after, gain: score(after) - score(before) }] : [];
  });
  const [widest] = both.sort((a, b) => b.gain - a.gain);
  return (
    widest && {
      exampleId: widest.before.exampleId,
      chosenFrom: both.length,
      answers: [
        { name: base.name, row: widest.before },
        { name: tuned.name, row: widest.after },
      ],
    }
  );
}

function score({ scores }: Answered): number {
  return scores['tokenF1'] ?? 0;
}
