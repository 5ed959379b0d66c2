import { AttuneError, isAbort, toProblem } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { EvaluationMachine, EvaluationRow, PipelineConfiguration, Voting } from '../storage/schema.ts';
import type { EvaluationEstimate, EvaluationProgress, EvaluationRequest, EvaluationService } from './contract.ts';
import { draftEvaluation } from './draft.ts';
import { ResultCache } from './matrix/cache.ts';
import { Desk } from './matrix/desk.ts';
import { learningPoints } from './matrix/learning-points.ts';
import { LoadedModels, type ModelSource } from './matrix/models.ts';
import { checkConfigurations } from './matrix/plan.ts';
import { indexKey, type StoredVectors } from './matrix/rank.ts';
import { readAsked, readQuestions } from './matrix/questions.ts';
import { runMatrix } from './matrix/run.ts';
import { ScoreWriter } from './matrix/score-writer.ts';
import { letJudgeVote } from './matrix/vote.ts';
import type { CurvePoint } from './statistics/learning-curve.ts';
import { stoppedAs } from './stopped.ts';

export interface EvaluationDependencies {
  database: AttuneDatabase;
  models: ModelSource;
  /** Absent: every passage is embedded anew. */
  storedVectors?: StoredVectors;
}

interface Active {
  controller: AbortController;
  how: 'pause' | 'cancel';
  /** Resolves when nothing is written any more. */
  ended: Promise<void>;
}

/** Evaluations over a database; see {@link EvaluationService}. Runs in the evaluation worker, and in Node. */
export class Evaluation implements EvaluationService {
  readonly #dependencies: EvaluationDependencies;
  readonly #db: AttuneDatabase;
  #active = new Map<string, Active>();
  /** Evaluations that were stopped before their turn came. */
  #unwanted = new Map<string, Active['how']>();

  constructor(dependencies: EvaluationDependencies) {
    this.#dependencies = dependencies;
    this.#db = dependencies.database;
  }

  async estimate(request: EvaluationRequest): Promise<EvaluationEstimate> {
    const row = await draftEvaluation(this.#db, request);
    const questions = await readQuestions(this.#db, row);
    const { signal } = new AbortController();
    const desk = new Desk({ cache: this.#cache(row), signal, dry: true });
    const models = new LoadedModels(this.#dependencies.models);
    const indexes = await this.#db.vectorIndexes.where('workspaceId').equals(row.workspaceId).toArray();
    const indexed = new Set(
      indexes.map(({ adapterId, endpointId }) =>
        indexKey({
          modelId: endpointId ?? '',
          ...(adapterId && { adapterId }),
          ...(endpointId && { engine: 'endpoint' }),
        }),
      ),
    );
    await runMatrix({ row, questions, desk, models, signal, indexed }, row.configurations);
    const stages = desk.estimate();
    return {
      questions: questions.asked.length,
      passages: questions.corpus.passages.length,
      stages,
      seconds: stages.reduce((sum, { seconds }) => sum + seconds, 0),
    };
  }

  async create(request: EvaluationRequest): Promise<string> {
    const row = await draftEvaluation(this.#db, request);
    await this.#db.evaluations.add(row);
    return row.id;
  }

  async addConfigurations(evaluationId: string, configurations: PipelineConfiguration[]): Promise<void> {
    const added = checkConfigurations(configurations);
    await this.#db.transaction('rw', this.#db.evaluations, async () => {
      const row = await this.#row(evaluationId);
      const known = new Set(row.configurations.map(({ id }) => id));
      const fresh = added.filter(({ id }) => !known.has(id));
      if (fresh.length === 0) return;
      const state = row.state === 'running' ? row.state : 'waiting';
      const all = [...row.configurations, ...fresh];
      // Votes are for what is done; they can be asked for again.
      await this.#update(evaluationId, { configurations: all, state, voting: undefined });
    });
  }

  async letVote(evaluationId: string, voting: Voting): Promise<void> {
    const row = await this.#row(evaluationId);
    if (row.state !== 'done' && (!row.voting || row.state === 'running')) {
      throw new AttuneError(
        'evaluation/not-done',
        `The evaluation ${row.name} is not done yet.`,
        'Let it come to its end first.',
      );
    }
    const sides = [voting.first, voting.second].map((id) => row.configurations.find((one) => one.id === id));
    if (sides[0] === sides[1] || sides.some((side) => !side?.generator)) {
      throw new AttuneError(
        'evaluation/no-answers',
        'A judge chooses between the answers of two combinations.',
        'Choose two that have an answer model.',
      );
    }
    // Said now: a finished evaluation must not fail over it.
    await readAsked(this.#db, row);
    await this.#update(evaluationId, { voting, state: 'waiting' });
  }

  proceed(evaluationId: string, onProgress?: (progress: EvaluationProgress) => void): Promise<void> {
    const active: Active = { controller: new AbortController(), how: 'pause', ended: Promise.resolve() };
    const proceeding = this.#proceed(evaluationId, active, onProgress);
    active.ended = proceeding.catch(() => undefined);
    return proceeding;
  }

  async #proceed(
    evaluationId: string,
    active: Active,
    onProgress?: (progress: EvaluationProgress) => void,
  ): Promise<void> {
    const unwanted = this.#unwanted.get(evaluationId);
    this.#unwanted.delete(evaluationId);
    if (unwanted) return this.#update(evaluationId, stoppedAs(await this.#row(evaluationId), stateAfter(unwanted)));
    this.#active.set(evaluationId, active);
    const models = new LoadedModels(this.#dependencies.models);
    const { signal } = active.controller;
    const started = performance.now();
    const { seconds: before } = await this.#row(evaluationId);
    const seconds = () => before + (performance.now() - started) / 1000;
    try {
      await this.#update(evaluationId, { state: 'running', problem: undefined });
      // Configurations may be added meanwhile: then there is another round, in which the first ones are known.
      for (let ended = false; !ended;) {
        const row = await this.#row(evaluationId);
        if (row.voting) {
          const desk = new Desk({ cache: this.#cache(row), signal, onProgress });
          await letJudgeVote(this.#db, row, { desk, models, signal });
        } else await this.#run(row, models, signal, onProgress);
        ended = await this.#end(row, seconds());
      }
      await this.#cache({ workspaceId: '' }).tidy();
    } catch (error) {
      const stopped = signal.aborted && (isAbort(error) || error === signal.reason);
      // It may have been deleted meanwhile.
      const row = await this.#db.evaluations.get(evaluationId);
      const failed = { state: 'failed' as const, problem: toProblem(error) };
      const changes = stopped && row ? stoppedAs(row, stateAfter(active.how)) : failed;
      await this.#update(evaluationId, { seconds: seconds(), ...changes });
      if (!stopped) throw error;
    } finally {
      this.#active.delete(evaluationId);
      await models.dispose();
    }
  }

  async stop(evaluationId: string, how: 'pause' | 'cancel'): Promise<void> {
    const active = this.#active.get(evaluationId);
    if (!active) {
      this.#unwanted.set(evaluationId, how);
      return;
    }
    active.how = how;
    active.controller.abort(new DOMException('The evaluation was stopped.', 'AbortError'));
  }

  async learningPoints(evaluationId: string, metric: string): Promise<CurvePoint[]> {
    return learningPoints(this.#db, await this.#row(evaluationId), metric);
  }

  async remove(evaluationId: string): Promise<void> {
    const active = this.#active.get(evaluationId);
    if (active) await this.stop(evaluationId, 'cancel');
    await active?.ended;
    this.#unwanted.delete(evaluationId);
    const { evaluations, evaluationScores } = this.#db;
    await this.#db.transaction('rw', evaluations, evaluationScores, async () => {
      await evaluations.delete(evaluationId);
      await evaluationScores.where('evaluationId').equals(evaluationId).delete();
    });
  }

  async #run(
    row: EvaluationRow,
    models: LoadedModels,
    signal: AbortSignal,
    onProgress?: (progress: EvaluationProgress) => void,
  ): Promise<void> {
    const { storedVectors } = this.#dependencies;
    onProgress?.({ stage: 'Reading the questions', done: 0, total: 1 });
    const questions = await readQuestions(this.#db, row);
    const passageCount = questions.corpus.passages.length;
    await this.#update(row.id, { passageCount });
    const writer = new ScoreWriter(this.#db, { evaluationId: row.id, workspaceId: row.workspaceId });
    const desk = new Desk({ cache: this.#cache(row), signal, onProgress });
    const machines: Record<string, EvaluationMachine> = { ...row.machines };
    const onMachine = (id: string, machine: EvaluationMachine) => (machines[id] = { ...machines[id], ...machine });
    try {
      const parts = { row, questions, desk, models, signal, storedVectors, writer, onMachine };
      await runMatrix(parts, row.configurations);
    } finally {
      await writer.flush();
      const devices = Object.values(machines).flatMap(({ search, answer }) => [search, answer]);
      const device = [...new Set(devices.filter((name) => name !== undefined))].join('; ');
      await this.#update(row.id, { machines, device });
    }
  }

  /** Says that it is done, unless there are configurations by now that were not asked. @returns whether it is */
  #end({ id, configurations }: EvaluationRow, seconds: number): Promise<boolean> {
    return this.#db.transaction('rw', this.#db.evaluations, async () => {
      if ((await this.#row(id)).configurations.length > configurations.length) return false;
      await this.#update(id, { state: 'done', seconds, voting: undefined });
      return true;
    });
  }

  #cache({ workspaceId }: Pick<EvaluationRow, 'workspaceId'>): ResultCache {
    return new ResultCache(this.#db, workspaceId);
  }

  async #row(evaluationId: string): Promise<EvaluationRow> {
    const row = await this.#db.evaluations.get(evaluationId);
    if (row) return row;
    throw new AttuneError('evaluation/unknown', 'The evaluation is not there any more.', 'Create a new one.');
  }

  async #update(evaluationId: string, changes: Partial<EvaluationRow>): Promise<void> {
    await this.#db.evaluations.update(evaluationId, { ...changes, updatedAt: Date.now() });
  }
}

function stateAfter(how: Active['how']): 'paused' | 'cancelled' {
  return how === 'cancel' ? 'cancelled' : 'paused';
}
