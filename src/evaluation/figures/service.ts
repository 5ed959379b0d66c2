import { AttuneError } from '../../errors/attune-error.ts';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { EvaluationRow, EvaluationScoreRow, PipelineModel, VoteRow } from '../../storage/schema.ts';
import { recommend } from '../advice/recommend.ts';
import { ANSWERED, FOUND } from '../advice/steps.ts';
import { summaryFigures, summarySentence } from '../advice/summary.ts';
import { agreementInWords, agreementWithThumbs, agreementWithVotes, type RatedAnswer } from '../judge/agreement.ts';
import { learningPoints } from '../matrix/learning-points.ts';
import { summary } from '../matrix/summary.ts';
import { bootstrapMean } from '../metrics/bootstrap.ts';
import { fitPowerLaw, valueAt, type CurvePoint } from '../statistics/learning-curve.ts';
import { bradleyTerry, type Strength } from '../statistics/preference.ts';
import type { Headline, MatrixTable } from '../table/contract.ts';
import { headline } from '../table/headline.ts';
import { matrixTable } from '../table/matrix-table.ts';
import type {
  CurveFigures,
  EvaluationFigures,
  FiguresService,
  JudgeAgreement,
  ReportFile,
  ReportForm,
} from './contract.ts';
import { reportFile, reportInput } from './report-file.ts';

/** Enough for a smooth line. */
const LINE_POINTS = 61;

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
    const table = matrixTable(configurations, rows);
    const curve = await this.#learningCurve(evaluation, table);
    return {
      table,
      summaries: configurations.flatMap(({ id }) => unordered.find((row) => row.configurationId === id) ?? []),
      story: { sentence: summarySentence(table), figures: summaryFigures(table) },
      recommendation: recommend({ table, scores: rows, ...(curve && { learningCurve: curve }) }),
      ...(curve && { learningCurve: curveFigures(curve.metric, curve.points) }),
    };
  }

  async headline(evaluationId: string): Promise<Headline | undefined> {
    const evaluation = await this.#evaluation(evaluationId);
    return headline(evaluation.configurations, await this.#scores(evaluation));
  }

  async report(
    evaluationId: string,
    form: ReportForm,
    versions: Readonly<Record<string, string>>,
  ): Promise<ReportFile> {
    const evaluation = await this.#evaluation(evaluationId);
    const input = await reportInput(this.#db, evaluation, await this.#scores(evaluation), versions);
    const curve = await this.#learningCurve(evaluation, input.table);
    return reportFile(form, { ...input, ...(curve && { learningCurve: curve }) });
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

  async voteAgreement(workspaceId: string, judge: string): Promise<JudgeAgreement> {
    const agreement = agreementWithVotes(await this.#votes(workspaceId), judge);
    return { ...agreement, words: agreementInWords(agreement, 'vote') };
  }

  async strengths(workspaceId: string, by: string): Promise<Strength[]> {
    const votes = await this.#votes(workspaceId);
    const duels = votes.flatMap(({ answers: [first, second], winner, by: voter }) =>
      voter === by
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

  /** By the first metric that at least three sizes were measured with. */
  async #learningCurve(evaluation: EvaluationRow, { metrics }: MatrixTable) {
    for (const metric of [...FOUND, ...ANSWERED].filter((key) => metrics.includes(key))) {
      const points = await learningPoints(this.#db, evaluation, metric);
      if (new Set(points.map(({ examples }) => examples)).size >= 3) return { metric, points };
    }
    return undefined;
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

  #votes(workspaceId: string): Promise<VoteRow[]> {
    return this.#db.votes.where('workspaceId').equals(workspaceId).toArray();
  }

  #scores({ id }: EvaluationRow): Promise<EvaluationScoreRow[]> {
    return this.#db.evaluationScores.where('evaluationId').equals(id).toArray();
  }
}

function curveFigures(metric: string, points: readonly CurvePoint[]): CurveFigures {
  const means = points.map(({ examples, scores }) => ({ examples, ...bootstrapMean(scores) }));
  const law = fitPowerLaw(
    means.map(({ examples }) => examples),
    means.map(({ mean }) => mean),
  );
  const most = Math.max(...means.map(({ examples }) => examples));
  const end = Math.max(most * 1.5, most + 100);
  const line = Array.from({ length: LINE_POINTS }, (_, i) => Math.round((end * i) / (LINE_POINTS - 1)));
  return { metric, points: means, line: line.map((examples) => ({ examples, value: valueAt(law, examples) })) };
}

function sameModel(a: PipelineModel, b: PipelineModel): boolean {
  return a.modelId === b.modelId && (a.adapterId ?? null) === (b.adapterId ?? null);
}
