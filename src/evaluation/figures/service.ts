import { AttuneError } from '../../errors/attune-error.ts';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationRow, EvaluationScoreRow, PipelineModel } from '../../storage/schema.ts';
import { agreementInWords, agreementWithThumbs, type RatedAnswer } from '../judge/agreement.ts';
import { summary } from '../matrix/summary.ts';
import { bradleyTerry, type Strength } from '../statistics/preference.ts';
import { matrixTable } from '../table/matrix-table.ts';
import type { EvaluationFigures, FiguresService, JudgeAgreement } from './contract.ts';

/** Reads the rows of an evaluation and computes what is said about them. */
export class Figures implements FiguresService {
  #db: AttuneDatabase;

  constructor(db: AttuneDatabase) {
    this.#db = db;
  }

  async figures(evaluationId: string): Promise<EvaluationFigures | undefined> {
    const evaluation = await this.#evaluation(evaluationId);
    const rows = await this.#scores(evaluation);
    if (rows.length === 0) return undefined;
    const { configurations } = evaluation;
    const unordered = summary(rows.map((row) => ({ ...row, scores: {} })));
    return {
      table: matrixTable(configurations, rows),
      summaries: configurations.flatMap(({ id }) => unordered.find((row) => row.configurationId === id) ?? []),
    };
  }

  async agreement(workspaceId: string, judge: PipelineModel): Promise<JudgeAgreement> {
    const all = await this.#db.evaluations.where('workspaceId').equals(workspaceId).toArray();
    const judged = all.filter(({ judge: own }) => own && sameModel(own, judge));
    const rated: RatedAnswer[] = [];
    for (const { id } of judged) {
      const rows = this.#db.evaluationScores.where('evaluationId').equals(id);
      await rows.each(({ opinion, judgement }) => {
        if (!opinion) return;
        const vote = opinion === 'right' ? 'up' : 'down';
        rated.push({ feedback: { vote }, score: judgement?.scores['correctness'] });
      });
    }
    const agreement = agreementWithThumbs(rated);
    return { ...agreement, words: agreementInWords(agreement) };
  }

  async strengths(workspaceId: string): Promise<Strength[]> {
    const votes = await this.#db.votes.where('workspaceId').equals(workspaceId).toArray();
    const duels = votes.flatMap(({ answers: [first, second], winner, by }) =>
      by === 'user'
        ? [
            {
              first: first.configurationId,
              second: second.configurationId,
              // Neither is good: that says as little of who is better as a tie does.
              outcome: winner === 0 ? (1 as const) : winner === 1 ? (0 as const) : (0.5 as const),
            },
          ]
        : [],
    );
    return bradleyTerry(duels);
  }

  async #evaluation(id: string): Promise<EvaluationRow> {
    const row = await this.#db.evaluations.get(id);
    if (row) return row;
    throw new AttuneError(
      'evaluation/missing',
      'This comparison is no longer here.',
      'Choose another one, or start a new one.',
    );
  }

  #scores({ id }: EvaluationRow): Promise<EvaluationScoreRow[]> {
    return this.#db.evaluationScores.where('evaluationId').equals(id).toArray();
  }
}

function sameModel(a: PipelineModel, b: PipelineModel): boolean {
  return a.modelId === b.modelId && (a.adapterId ?? null) === (b.adapterId ?? null);
}
