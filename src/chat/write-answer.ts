import { generationOptions } from '../generation/settings.ts';
import type { ChatTurn, EngineInfo, GenerationOptions, GenerationStats } from '../generation/contract.ts';
import type { KnobValues } from '../settings/knob.ts';
import type { AnswerRecipe, AnswerStats, AnswerVariant, PassageSnapshot } from '../storage/schema.ts';
import { attribute, type Attribution } from './attribution/attribute.ts';
import { attributeShortAnswer } from './attribution/short-answer.ts';
import type { AnswerAdapter, AskEvent, AskServices, Generator } from './contract.ts';
import { extractAnswer } from './extractive/extract.ts';
import { answerTurns, isClosedBook, isRefusal, readingWindow, splitReason } from './prompt/answer-recipe.ts';
import { buildPrompt } from './prompt/build-prompt.ts';
import type { Exchange } from './prompt/follow-up.ts';
import { isAble, sentencesOnly } from './prompt/reading.ts';
import type { CHAT_KNOBS } from './settings.ts';

export const NOT_FOUND = 'Your documents do not seem to answer this. The nearest passages are below.';
// Small models go on with a question of their own and answer that; what follows has nothing to do with the answer.
const ASKS_ITSELF = /\n\s*Question:[\s\S]*$/;
/** A tuned answer is a few words long; one that is not has lost its way. */
const SHORT_ANSWER_TOKENS = 96;
/** A sentence or two of reason come before it. */
export const REASONED_ANSWER_TOKENS = 192;

/** What an answer is written from. */
export interface WritingParts {
  /** As typed, and as it was searched: alike unless it is a follow-up. */
  question: string;
  searched: string;
  /** Earlier exchanges; empty unless the question is a follow-up. */
  history: readonly Exchange[];
  /** Best first. */
  passages: readonly PassageSnapshot[];
  generator: Generator;
  /** Absent: the model without an adapter. */
  adapter: AnswerAdapter | undefined;
  settings: KnobValues<typeof CHAT_KNOBS>;
  overrides: Record<string, unknown>;
  retrieval: AskServices['retrieval'];
  retrievalSeconds: number;
}

/** A prompt with what has to be known to read its answer. */
interface Form {
  turns: ChatTurn[];
  options: GenerationOptions;
  /** The model may go on with a question of its own. */
  wanders: boolean;
  recipe: AnswerRecipe | undefined;
}

/**
 * Prompt -> stream -> attribute: puts an answer into `answer` as it comes, so that what was said survives a failure. One
 * that was given by heart is not attributed: a passage that says the same is not where it comes from.
 *
 * @throws AttuneError of the generator
 */
export async function* writeAnswer(
  parts: WritingParts,
  answer: AnswerVariant,
  userSignal: AbortSignal,
): AsyncGenerator<AskEvent> {
  const { generator, settings, passages, searched } = parts;
  const { turns, options, wanders, recipe } = await formOf(parts);
  yield { type: 'stage', stage: 'writing' };
  const ownQuestion = new AbortController();
  const signal = AbortSignal.any([userSignal, ownQuestion.signal]);
  let written = '';
  for await (const piece of generator.stream(turns, options, signal)) {
    written += piece.text;
    // A reason that comes before the answer is kept beside it, and not shown as if it were the answer.
    const { answer: text, reason } = recipe ? splitReason(recipe, written) : { answer: written };
    const more = text.slice(answer.text.length);
    answer.text = text;
    if (reason) answer.reason = reason;
    if (piece.stats) answer.stats = statsOf(generator.info, piece.stats, parts.retrievalSeconds);
    if (more !== '') yield { type: 'text', text: more };
    if (wanders && ASKS_ITSELF.test(answer.text)) ownQuestion.abort();
  }
  if (wanders) answer.text = answer.text.replace(ASKS_ITSELF, '');
  // Cut within its reason: that is all there is to be shown.
  if (answer.text.trim() === '' && answer.reason) answer.text = answer.reason;
  answer.text = answer.text.trim();
  if (isClosedBook(recipe)) answer.byHeart = true;
  // A stopped answer is attributed too: its citations are as useful as a whole one's.
  answer.kind = userSignal.aborted ? 'stopped' : 'answer';
  if (recipe && answer.kind === 'answer' && isRefusal(recipe, answer.text)) {
    Object.assign(answer, { kind: 'notFound', replacedText: answer.text, text: NOT_FOUND });
    return;
  }
  if (answer.byHeart) return;
  yield { type: 'stage', stage: 'checking' };
  const similarities = similaritiesBy(parts.retrieval);
  const { minimumSupport } = settings;
  // Against the whole passages: a sentence may be right for a reason that stands beside the one it was shown.
  const attributed = recipe
    ? await attributeShortAnswer(searched, answer.text, passages, similarities, minimumSupport)
    : await attribute(answer.text, passages, similarities, minimumSupport);
  Object.assign(answer, attributed);
  if (answer.kind === 'answer' && settings.whenUnsupported === 'quote') await quoteIfBaseless(parts, answer);
}

/** The documents' own sentences that are nearest to a question. */
export function quote(parts: Pick<WritingParts, 'searched' | 'passages' | 'retrieval'>): Promise<Attribution> {
  return extractAnswer(parts.searched, parts.passages, similaritiesBy(parts.retrieval));
}

async function formOf(parts: WritingParts): Promise<Form> {
  const { adapter, generator, settings, question, searched, passages } = parts;
  const options = { ...generationOptions(parts.overrides), adapter: adapter?.id ?? null };
  const recipe = adapter?.recipe;
  if (recipe) {
    const windows = passages.map(({ headings, text }) => ({
      headings,
      text: readingWindow(text, searched, recipe.passageCharacters),
    }));
    const maxNewTokens = Math.min(options.maxNewTokens, recipe.reasons ? REASONED_ANSWER_TOKENS : SHORT_ANSWER_TOKENS);
    // It was trained to repeat the passages' words, and never on a history.
    return {
      turns: answerTurns(recipe, windows, question),
      options: { ...options, maxNewTokens, repetitionPenalty: 1 },
      wanders: false,
      recipe,
    };
  }
  const { historyTurns, passageTokens, reading, systemPrompt, shortSystemPrompt } = settings;
  const bySentences = reading === 'sentences' || (reading === 'automatic' && !isAble(generator.info));
  const { turns } = await buildPrompt({
    systemPrompt: bySentences ? shortSystemPrompt : systemPrompt,
    question,
    passages: bySentences ? await sentencesOnly(searched, passages, similaritiesBy(parts.retrieval)) : passages,
    numbered: !bySentences,
    history: historyTurns > 0 ? parts.history.slice(-historyTurns) : [],
    passageTokens,
    promptTokens: generator.info.contextTokens - options.maxNewTokens,
    countTokens: (conversation) => generator.countTokens(conversation),
  });
  return { turns, options, wanders: bySentences, recipe: undefined };
}

/** Puts the documents' own sentences in the place of an answer of which nothing holds; what was written is kept. */
async function quoteIfBaseless(parts: WritingParts, answer: AnswerVariant): Promise<void> {
  const { text, support = [] } = answer;
  // A refusal or a bare "Yes." claims nothing that could lack support.
  if (support.length === 0 || support.some(({ basis }) => basis !== 'none')) return;
  const quoted = await quote(parts);
  if (quoted.text !== '') Object.assign(answer, { kind: 'extractive', replacedText: text, ...quoted });
}

function statsOf(info: EngineInfo, stats: GenerationStats, retrievalSeconds: number): AnswerStats {
  const { engine, modelName: model, device } = info;
  const { adapters = [], ...figures } = stats;
  return { engine, model, adapters, device, retrievalSeconds, ...figures };
}

function similaritiesBy(retrieval: AskServices['retrieval']) {
  return (sentences: string[], passages: string[]) => retrieval.similarities(sentences, passages);
}
