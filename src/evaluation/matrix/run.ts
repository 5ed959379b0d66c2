import { retrievalSettings } from '../../retrieval/settings.ts';
import { CHAT_KNOBS } from '../../chat/settings.ts';
import { valuesOf } from '../../settings/knob.ts';
import type { ExampleRow, PipelineConfiguration, PipelineModel } from '../../storage/schema.ts';
import { evaluationSettings } from '../settings.ts';
import type { RunParts } from './parts.ts';
import { answerOrder, distinctModels, modelKey, untuned } from './plan.ts';
import { inOrder, Ranker, type Ranking } from './rank.ts';
import type { RankedPassage } from '../../retrieval/passage-search.ts';
import { AnswerDesk, type Answered } from './answer-desk.ts';
import { scoreOutcome, type Outcome } from './score.ts';

/** Passages as a configuration orders them, with what that took. */
interface Ordered {
  passages: RankedPassage[];
  searchSeconds: number;
  rerankSeconds?: number;
  device: string;
}

/**
 * Asks every configuration every question, stage by stage: all searches, all rerankings, then the answers of one
 * generator after the other. So each model is loaded once, and configurations that share a stage share its results.
 *
 * @throws DOMException AbortError between two steps; whatever a model throws
 */
export async function runMatrix(parts: RunParts, configurations: readonly PipelineConfiguration[]): Promise<void> {
  const matrix = new Matrix(parts, configurations);
  await matrix.rankAll(configurations);
  for (const configuration of configurations) await matrix.scoreRanking(configuration);
  for (const configuration of answerOrder(configurations)) await matrix.answerAll(configuration);
  const { judge } = parts.row;
  for (const configuration of judge ? answerOrder(configurations) : []) await matrix.judgeAll(configuration, judge!);
}

class Matrix {
  readonly #parts: RunParts;
  readonly #ranker: Ranker;
  readonly #answers: AnswerDesk;
  /** By search and ranking model. */
  readonly #rankings = new Map<string, Map<ExampleRow, Ordered>>();
  readonly #given = new Map<string, Map<ExampleRow, Answered>>();

  constructor(parts: RunParts, configurations: readonly PipelineConfiguration[]) {
    this.#parts = parts;
    const { row, questions, desk, models, storedVectors, indexed } = parts;
    const { workspaceId } = row;
    const { depth } = evaluationSettings(row.settings);
    const { corpus } = questions;
    const overrides = row.settings;
    this.#ranker = new Ranker({ desk, models, corpus, workspaceId, overrides, depth, storedVectors, indexed });
    const first = configurations.find(({ embedder }) => embedder)?.embedder;
    this.#answers = new AnswerDesk(parts, first ? untuned(first) : undefined);
    this.#announce(configurations);
  }

  async rankAll(configurations: readonly PipelineConfiguration[]): Promise<void> {
    const { asked } = this.#parts.questions;
    const found = new Map<string, Map<ExampleRow, Ranking>>();
    for (const embedder of distinctModels(configurations.map((one) => one.embedder))) {
      const ranked = await this.#ranker.searched(embedder, asked);
      found.set(modelKey(embedder), ranked);
      this.#rankings.set(
        rankingKey({ embedder, reranker: null }),
        new Map([...ranked].map(([example, { seconds, ...own }]) => [example, { ...own, searchSeconds: seconds }])),
      );
    }
    for (const reranker of distinctModels(configurations.map((one) => one.reranker))) {
      const using = configurations.filter((one) => one.reranker && modelKey(one.reranker) === modelKey(reranker));
      for (const embedder of distinctModels(using.map((one) => one.embedder))) {
        const ranked = found.get(modelKey(embedder))!;
        const ordered = new Map<ExampleRow, Ordered>();
        for (const [example, own] of await this.#ranker.reranked(reranker, ranked)) {
          const { seconds, device, ...rest } = ranked.get(example)!;
          ordered.set(example, {
            passages: inOrder({ ...rest, seconds, device }, own),
            searchSeconds: seconds,
            rerankSeconds: own.seconds,
            device,
          });
        }
        this.#rankings.set(rankingKey({ embedder, reranker }), ordered);
      }
    }
  }

  /** Rankings alone; where an answer is asked for, it is scored with its ranking. */
  async scoreRanking(configuration: PipelineConfiguration): Promise<void> {
    if (configuration.generator) return;
    for (const [example, ordered] of this.#rankings.get(rankingKey(configuration))!) {
      await this.#write(configuration, example, ordered);
    }
    await this.#parts.writer?.flush();
  }

  async answerAll(configuration: PipelineConfiguration): Promise<void> {
    const { settings } = this.#parts.row;
    const { passageCount } = valuesOf(CHAT_KNOBS, settings);
    const { mergeLimit } = retrievalSettings(settings);
    const ordered = this.#orderedFor(configuration);
    const asked = this.#parts.questions.asked.filter((example) => !ordered || ordered.has(example));
    const hits = (example: ExampleRow) =>
      ordered && this.#ranker.search.hits(ordered.get(example)!.passages, passageCount, mergeLimit);
    const given = await this.#answers.answers(configuration, asked, hits, (example, answered) =>
      this.#write(configuration, example, ordered?.get(example), answered),
    );
    this.#given.set(configuration.id, given);
    await this.#parts.writer?.flush();
  }

  /** Tells the desk how much there is to do. */
  #announce(configurations: readonly PipelineConfiguration[]): void {
    const { desk, questions, row } = this.#parts;
    const n = questions.asked.length;
    const pairs = new Set(configurations.flatMap((one) => (one.reranker ? [rankingKey(one)] : [])));
    const answering = configurations.filter(({ generator }) => generator).length;
    desk.expect('search', n * distinctModels(configurations.map(({ embedder }) => embedder)).length);
    desk.expect('rerank', n * pairs.size);
    desk.expect('answer', n * answering);
    desk.expect('similarity', n * answering);
    if (row.judge) desk.expect('judge', n * answering);
  }

  async judgeAll(configuration: PipelineConfiguration, judge: PipelineModel): Promise<void> {
    const ordered = this.#orderedFor(configuration);
    await this.#answers.judge(judge, this.#given.get(configuration.id)!, (example, answered) =>
      this.#write(configuration, example, ordered?.get(example), answered),
    );
    await this.#parts.writer?.flush();
  }

  #orderedFor(configuration: PipelineConfiguration): Map<ExampleRow, Ordered> | undefined {
    return configuration.embedder ? this.#rankings.get(rankingKey(configuration)) : undefined;
  }

  async #write(
    configuration: PipelineConfiguration,
    example: ExampleRow,
    ordered: Ordered | undefined,
    answered?: Answered,
  ): Promise<void> {
    const { writer, questions, row, onMachine } = this.#parts;
    if (!writer) return;
    const { corpus, references } = questions;
    const { answer, similarity, judged, hits = null } = answered ?? {};
    const outcome: Outcome = {
      references: references.get(example.id)!,
      right: corpus.right.get(example.id)!,
      ranked: ordered?.passages ?? null,
      hits,
      answer,
      similarity,
      judged,
      cost: {
        ...(ordered && { searchSeconds: ordered.searchSeconds }),
        ...(ordered?.rerankSeconds !== undefined && { rerankSeconds: ordered.rerankSeconds }),
        ...(answer && { answerSeconds: answer.seconds }),
        ...(answer?.stats && {
          firstTokenSeconds: answer.stats.secondsToFirstToken,
          promptTokens: answer.stats.promptTokens,
          outputTokens: answer.stats.outputTokens,
          ...(answer.stats.tokensPerSecond !== undefined && { tokensPerSecond: answer.stats.tokensPerSecond }),
        }),
      },
    };
    onMachine?.(configuration.id, {
      ...(ordered && { search: ordered.device }),
      ...(answer && { answer: answer.device, memoryBytes: answer.memoryBytes }),
    });
    await writer.add(configuration.id, example.id, scoreOutcome(outcome, corpus, evaluationSettings(row.settings)));
  }
}

function rankingKey({ embedder, reranker }: Pick<PipelineConfiguration, 'embedder' | 'reranker'>): string {
  return `${embedder ? modelKey(embedder) : ''} ${reranker ? modelKey(reranker) : ''}`;
}
