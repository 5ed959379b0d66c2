import type { AnswerAdapter } from '../../chat/contract.ts';
import { answerTurns } from '../../chat/prompt/answer-recipe.ts';
import { relevanceOf } from '../../chat/prompt/relevance.ts';
import { CHAT_KNOBS } from '../../chat/settings.ts';
import { snapshotOf } from '../../chat/snapshot.ts';
import { NOT_FOUND, writeAnswer } from '../../chat/write-answer.ts';
import type { ChatEngine, GenerationStats } from '../../generation/contract.ts';
import { generationOptions } from '../../generation/settings.ts';
import type { RetrievalService, SearchHit } from '../../retrieval/contract.ts';
import { valuesOf } from '../../settings/knob.ts';
import type { AnswerVariant } from '../../storage/schema.ts';

/** Grows when answers are written in another way: those of an older one are computed anew. */
export const ANSWER_VERSION = 1;

/** What a model without passages is told; with them it is told what Chat tells it. */
const WITHOUT_PASSAGES = 'Answer the question in one short sentence.';

export interface AnswerParts {
  question: string;
  /** What the answer is written from, best first; null: from nothing but the model. */
  hits: readonly SearchHit[] | null;
  generator: ChatEngine;
  adapter: AnswerAdapter | undefined;
  /** Overrides of the knobs of chat and generation. */
  overrides: Record<string, unknown>;
  /** `chat`: refused and replaced as in Chat; `always`: what the model writes, whatever it is. */
  answering: 'chat' | 'always';
  /** Similarities by the untuned search model, on which thresholds were calibrated; `tuned`: the hits have others. */
  similarities: RetrievalService['similarities'];
  tuned: boolean;
  signal: AbortSignal;
}

/** An answer as it is cached. */
export interface GivenAnswer {
  text: string;
  /** The model or the app declined. */
  refused: boolean;
  /** Whether a sentence of it is held up by a passage; absent: nothing was looked at. */
  supported?: boolean;
  seconds: number;
  stats?: Pick<GenerationStats, 'promptTokens' | 'outputTokens' | 'secondsToFirstToken'> &
    // Answers that were cached before it was kept lack it.
    Partial<Pick<GenerationStats, 'tokensPerSecond'>>;
  device: string;
  memoryBytes: number;
}

/** Answers one question by the path that it takes in Chat. @throws AttuneError of the generator; DOMException AbortError */
export async function giveAnswer(parts: AnswerParts): Promise<GivenAnswer> {
  const { hits, signal, generator, answering } = parts;
  const started = performance.now();
  const answer: AnswerVariant = { text: '' };
  if (hits === null) await writeAlone(parts, answer);
  else if (answering === 'chat' && (await isWeak(parts, hits)))
    Object.assign(answer, { kind: 'notFound', text: NOT_FOUND });
  else await writeFrom(parts, hits, answer);
  signal.throwIfAborted();
  const { stats, kind, support, replacedText, text } = answer;
  return {
    text: answering === 'always' ? (replacedText ?? text) : text,
    refused: kind === 'notFound',
    ...(support && support.length > 0 && { supported: support.some(({ basis }) => basis !== 'none') }),
    seconds: (performance.now() - started) / 1000,
    ...(stats && {
      stats: {
        promptTokens: stats.promptTokens,
        outputTokens: stats.outputTokens,
        secondsToFirstToken: stats.secondsToFirstToken,
        // 0 where one token was written, or no time could be told.
        ...(stats.tokensPerSecond > 0 && { tokensPerSecond: stats.tokensPerSecond }),
      },
    }),
    device: generator.info.device,
    memoryBytes: generator.info.memoryBytes,
  };
}

async function isWeak({ question, similarities, tuned, overrides }: AnswerParts, hits: readonly SearchHit[]) {
  const { minimumRelevance } = valuesOf(CHAT_KNOBS, overrides);
  if (!tuned || hits.length === 0) return relevanceOf(question, hits) < minimumRelevance;
  const base = await similarities(
    [question],
    hits.map(({ text }) => text),
  );
  const judged = hits.map((hit, i): SearchHit => ({ ...hit, dense: { rank: i + 1, score: base[i]! } }));
  return relevanceOf(question, judged) < minimumRelevance;
}

async function writeFrom(parts: AnswerParts, hits: readonly SearchHit[], answer: AnswerVariant): Promise<void> {
  const { question, generator, adapter, overrides, answering, similarities, signal } = parts;
  const settings = valuesOf(CHAT_KNOBS, overrides);
  const writing = {
    question,
    searched: question,
    history: [],
    passages: hits.map(snapshotOf),
    generator,
    adapter,
    settings: answering === 'always' ? { ...settings, whenUnsupported: 'show' as const } : settings,
    overrides,
    retrieval: { similarities, search: neverSearches },
    retrievalSeconds: 0,
  };
  for await (const _ of writeAnswer(writing, answer, signal));
}

/** The passages were found before. */
function neverSearches(): never {
  throw new TypeError('An answer of an evaluation does not search.');
}

async function writeAlone(parts: AnswerParts, answer: AnswerVariant): Promise<void> {
  const { question, generator, adapter, overrides, signal } = parts;
  const options = { ...generationOptions(overrides), adapter: adapter?.id ?? null };
  const turns = adapter?.recipe
    ? answerTurns(adapter.recipe, [], question)
    : [
        { role: 'system' as const, content: WITHOUT_PASSAGES },
        { role: 'user' as const, content: question },
      ];
  for await (const piece of generator.stream(turns, options, signal)) {
    answer.text += piece.text;
    if (piece.stats) {
      const { adapters = [], ...stats } = piece.stats;
      const { engine, modelName: model, device } = generator.info;
      answer.stats = { engine, model, adapters, device, retrievalSeconds: 0, ...stats };
    }
  }
  answer.text = answer.text.trim();
}
