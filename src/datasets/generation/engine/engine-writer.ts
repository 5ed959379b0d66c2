import { seedOf } from '../../../engine/training/random.ts';
import { AttuneError } from '../../../errors/attune-error.ts';
import type { ChatEngine, ChatTurn, JsonSchema } from '../../../generation/contract.ts';
import { passageText } from '../../../retrieval/passage-text.ts';
import type { QuestionKind } from '../../../storage/schema.ts';
import { findQuote, sentenceAround } from '../evidence.ts';
import type { PassageWriter, SourcePassage, WrittenPassage, WrittenQuestion } from '../passage-writer.ts';
import { PROMPT_KNOBS, PROMPT_OF_KIND, PROMPT_VERSION } from '../prompts.ts';
import type { GenerationSettings } from '../settings.ts';
import { isAlike, speaksOfPassage } from '../writer/checks.ts';
import { parseReply, requestedReply, type ReplyItem } from './reply.ts';

type Settings = GenerationSettings<'engine'>;

export interface EngineWriterOptions {
  engine: ChatEngine;
  settings: Settings;
  seed: number;
  /** Of each passage of the run: see `kindsByShare`. */
  kinds: readonly QuestionKind[];
  /** Adapter that the engine writes with. */
  adapter?: string | null;
}

/**
 * Questions by any language model: one request for each passage, which asks for questions of one kind as JSON. A reply
 * that cannot be read is asked for once more with what is wrong with it; after that its questions count as dropped.
 */
export class EngineWriter implements PassageWriter {
  readonly generator: string;
  readonly promptVersion: string;
  readonly #options: EngineWriterOptions;
  readonly #json: JsonSchema;

  constructor(options: EngineWriterOptions) {
    this.#options = options;
    this.#json = requestedReply(options.settings.perPassage);
    this.generator = options.engine.info.modelName;
    const changed = Object.entries(PROMPT_KNOBS).some(
      ([key, knob]) => options.settings[key as keyof typeof PROMPT_KNOBS] !== knob.default,
    );
    this.promptVersion = `engine-${PROMPT_VERSION}${changed ? '+' : ''}`;
  }

  async write(passage: SourcePassage, signal: AbortSignal): Promise<WrittenPassage> {
    const tokens: WrittenPassage['tokens'] = { prompt: 0, output: 0 };
    try {
      return await this.#write(passage, tokens, signal);
    } catch (error) {
      // One passage that is too long for a model must not end a run over thousands.
      if (!(error instanceof AttuneError && error.code === 'generation/context-full')) throw error;
      const { perPassage } = this.#options.settings;
      const dropped = { 'passage does not fit the model': perPassage };
      return { questions: [], drafts: perPassage, dropped, tokens };
    }
  }

  async #write(passage: SourcePassage, tokens: WrittenPassage['tokens'], signal: AbortSignal): Promise<WrittenPassage> {
    const { settings, kinds } = this.#options;
    const wanted = kinds[passage.place] ?? 'fact';
    const kind = wanted === 'multi-passage' && !passage.other ? 'fact' : wanted;
    const turns = requestTurns(settings, kind, passage);
    let reply = await this.#ask(turns, passage.place, tokens, signal);
    let parsed = parseReply(reply);
    if ('error' in parsed) {
      const repair = settings.promptRepair.replaceAll('{error}', parsed.error);
      reply = await this.#ask(
        [...turns, { role: 'assistant', content: reply }, { role: 'user', content: repair }],
        passage.place,
        tokens,
        signal,
      );
      parsed = parseReply(reply);
    }
    const dropped: Record<string, number> = {};
    const drop = (reason: string, count = 1) => (dropped[reason] = (dropped[reason] ?? 0) + count);
    if ('error' in parsed) {
      drop('reply could not be read', settings.perPassage);
      return { questions: [], drafts: settings.perPassage, dropped, tokens };
    }
    const questions: WrittenQuestion[] = [];
    for (const item of parsed.questions) {
      const written = checkedQuestion(item, kind, passage);
      if (typeof written === 'string') drop(written);
      else if (
        isAlike(
          written.question,
          questions.map(({ question }) => question),
        )
      )
        drop('asked before');
      else if (questions.length >= settings.perPassage) drop('more than wanted');
      else questions.push(written);
    }
    return { questions, drafts: parsed.questions.length, dropped, tokens };
  }

  async dispose(): Promise<void> {
    await this.#options.engine.dispose();
  }

  async #ask(turns: ChatTurn[], place: number, tokens: WrittenPassage['tokens'], signal: AbortSignal): Promise<string> {
    const { engine, settings, seed, adapter } = this.#options;
    let text = '';
    const options = {
      maxNewTokens: settings.maxNewTokens,
      temperature: settings.temperature,
      topP: 0.95,
      topK: 40,
      repetitionPenalty: 1,
      // Services take seeds of 31 bits.
      seed: seedOf(seed, place) >>> 1,
      json: this.#json,
      ...(adapter && { adapter }),
    };
    for await (const piece of engine.stream(turns, options, signal)) {
      text += piece.text;
      tokens.prompt += piece.stats?.promptTokens ?? 0;
      tokens.output += piece.stats?.outputTokens ?? 0;
      if (piece.stats?.estimated) tokens.estimated = true;
    }
    // An aborted stream ends with what was said so far, which is no reply.
    signal.throwIfAborted();
    return text;
  }
}

function requestTurns(settings: Settings, kind: QuestionKind, { chunk, other }: SourcePassage): ChatTurn[] {
  const system = [settings.promptSystem];
  if (settings.persona) system.push(`Ask as ${settings.persona} would.`);
  if (settings.language) system.push(`Write questions, thoughts and answers in ${settings.language}.`);
  const task = settings[PROMPT_OF_KIND[kind]].replaceAll('{n}', String(settings.perPassage));
  const passages =
    kind === 'multi-passage' && other
      ? `First passage:\n${passageText(chunk)}\n\nSecond passage:\n${passageText(other)}`
      : `Passage:\n${passageText(chunk)}`;
  return [
    { role: 'system', content: system.join('\n') },
    { role: 'user', content: `${passages}\n\n${task}` },
  ];
}

/** A question with its evidence in place, or why it is dropped. */
function checkedQuestion(item: ReplyItem, kind: QuestionKind, passage: SourcePassage): WrittenQuestion | string {
  const { question, thought, answer } = item;
  if (speaksOfPassage(question)) return 'speaks of its passage';
  const more = { question, kind, ...(thought && { thought }) };
  if (kind === 'unanswerable') return { ...more, answer: '' };
  if (answer === '') return 'has no answer';
  const { text } = passage.chunk;
  const quote = findQuote(text, item.evidence) ?? findQuote(text, answer);
  if (!quote) return 'evidence is not in the passage';
  return {
    ...more,
    answer,
    evidence: sentenceAround(text, quote),
    ...(kind === 'multi-passage' &&
      passage.other && {
        morePassages: [
          {
            text: passage.other.text,
            headings: passage.other.headings,
            documentKey: passage.documentKey,
            chunkId: passage.other.id,
          },
        ],
      }),
  };
}
