import { isAbort, toProblem } from '../errors/attune-error.ts';
import { generationOptions } from '../generation/settings.ts';
import type { EngineInfo, GenerationStats } from '../generation/contract.ts';
import type { SearchHit } from '../retrieval/contract.ts';
import { valuesOf, type KnobValues } from '../settings/knob.ts';
import { database, type AttuneDatabase } from '../storage/database.ts';
import type { AnswerStats, MessageRow, PassageSnapshot } from '../storage/schema.ts';
import { attribute, type Attribution } from './attribution/attribute.ts';
import type { AskEvent, AskRequest, AskServices, Generator } from './contract.ts';
import { extractAnswer } from './extractive/extract.ts';
import { historyBefore, openQuestion, storeAnswer } from './messages.ts';
import { buildPrompt } from './prompt/build-prompt.ts';
import { condense } from './prompt/condense.ts';
import type { Exchange } from './prompt/follow-up.ts';
import { isAble, sentencesOnly } from './prompt/reading.ts';
import { relevanceOf } from './prompt/relevance.ts';
import { CHAT_KNOBS } from './settings.ts';
import { snapshotOf } from './snapshot.ts';

const NOT_FOUND = 'Your documents do not seem to answer this. The nearest passages are below.';
// Small models go on with a question of their own and answer that; what follows has nothing to do with the answer.
const ASKS_ITSELF = /\n\s*Question:[\s\S]*$/;
const NOTHING_THERE = 'There is nothing to search yet, or nothing in it has any of these words.';

type Settings = KnobValues<typeof CHAT_KNOBS>;
type Answer = Pick<MessageRow, 'text' | 'kind'> & Partial<MessageRow>;

/**
 * Answers a question from a workspace's documents: condense -> search -> judge -> prompt -> stream -> attribute ->
 * store. The question is stored before anything else, so a tab that is killed keeps it; a stopped answer is kept as far
 * as it came; a failure becomes a stored message that says the way out.
 *
 * @throws whatever the database throws (full disk, chat deleted meanwhile: `chat/missing`).
 */
export async function* ask(
  request: AskRequest,
  services: AskServices,
  signal: AbortSignal,
  db: AttuneDatabase = database(),
): AsyncGenerator<AskEvent> {
  const { question, settings: workspaceSettings } = await openQuestion(request, db);
  yield { type: 'question', message: question };
  const overrides = { ...workspaceSettings, ...request.settings };
  const answering = new Answering(question, services, overrides, signal);
  try {
    yield* answering.run(await historyBefore(question, db), request);
  } catch (error) {
    answering.fail(error);
  }
  yield { type: 'done', message: await storeAnswer(question, answering.answer(), db) };
}

/** The state of one question on its way; what it has so far survives a stop or a failure. */
class Answering {
  #question: MessageRow;
  #services: AskServices;
  #overrides: Record<string, unknown>;
  #settings: Settings;
  #signal: AbortSignal;
  #answer: Answer = { text: '' };
  #retrievalSeconds = 0;
  #loading: Promise<Generator | undefined> | undefined;

  constructor(question: MessageRow, services: AskServices, overrides: Record<string, unknown>, signal: AbortSignal) {
    this.#question = question;
    this.#services = services;
    this.#overrides = overrides;
    this.#settings = valuesOf(CHAT_KNOBS, overrides);
    this.#signal = signal;
  }

  async *run(history: Exchange[], request: AskRequest): AsyncGenerator<AskEvent> {
    const typed = this.#question.text;
    yield { type: 'stage', stage: 'condensing' };
    const mode = this.#settings.rewriteFollowUps;
    const searchedAs = await condense(typed, history, mode, () => this.#generator(), this.#signal);
    if (searchedAs) this.#answer.searchedAs = searchedAs;

    yield { type: 'stage', stage: 'searching' };
    const hits = await this.#search(searchedAs ?? typed, request);
    this.#signal.throwIfAborted();
    const passages = hits.map(snapshotOf);
    const weak = relevanceOf(searchedAs ?? typed, hits) < this.#settings.minimumRelevance;
    this.#answer.passages = passages;
    yield { type: 'passages', passages, weak, ...(searchedAs && { searchedAs }) };

    if (weak) this.#add({ kind: 'notFound', text: hits.length > 0 ? NOT_FOUND : NOTHING_THERE });
    else {
      const generator = await this.#generator();
      this.#signal.throwIfAborted();
      if (generator) yield* this.#generate(generator, typed, searchedAs ?? typed, searchedAs ? history : []);
      else yield* this.#extract(searchedAs ?? typed);
    }
  }

  answer(): Answer {
    return this.#answer;
  }

  fail(error: unknown): void {
    if (isAbort(error)) this.#add({ kind: 'stopped' });
    else this.#add({ kind: 'failed', problem: toProblem(error) });
  }

  async #search(query: string, { documentIds, folders }: AskRequest): Promise<SearchHit[]> {
    const started = performance.now();
    const { hits } = await this.#services.retrieval.search({
      workspaceId: this.#question.workspaceId,
      query,
      limit: this.#settings.passageCount,
      mode: 'hybrid',
      mergeNeighbours: true,
      ...(documentIds && { documentIds }),
      ...(folders && { folders }),
    });
    this.#retrievalSeconds = (performance.now() - started) / 1000;
    return hits;
  }

  #generator(): Promise<Generator | undefined> {
    const { generator } = this.#services;
    this.#loading ??= typeof generator === 'function' ? generator() : Promise.resolve(generator);
    return this.#loading;
  }

  async *#generate(
    generator: Generator,
    question: string,
    searched: string,
    history: Exchange[],
  ): AsyncGenerator<AskEvent> {
    const options = generationOptions(this.#overrides);
    const { historyTurns, minimumSupport, passageTokens, reading } = this.#settings;
    const { systemPrompt, shortSystemPrompt } = this.#settings;
    const passages = this.#answer.passages ?? [];
    const bySentences = reading === 'sentences' || (reading === 'automatic' && !isAble(generator.info));
    const similarities = (a: string[], b: string[]) => this.#services.retrieval.similarities(a, b);
    const prompt = await buildPrompt({
      systemPrompt: bySentences ? shortSystemPrompt : systemPrompt,
      question,
      passages: bySentences ? await sentencesOnly(searched, passages, similarities) : passages,
      numbered: !bySentences,
      history: historyTurns > 0 ? history.slice(-historyTurns) : [],
      passageTokens,
      promptTokens: generator.info.contextTokens - options.maxNewTokens,
      countTokens: (turns) => generator.countTokens(turns),
    });
    yield { type: 'stage', stage: 'writing' };
    const ownQuestion = new AbortController();
    const signal = AbortSignal.any([this.#signal, ownQuestion.signal]);
    for await (const piece of generator.stream(prompt.turns, options, signal)) {
      this.#answer.text += piece.text;
      if (piece.stats) this.#answer.stats = this.#statsOf(generator.info, piece.stats);
      if (piece.text !== '') yield { type: 'text', text: piece.text };
      if (bySentences && ASKS_ITSELF.test(this.#answer.text)) ownQuestion.abort();
    }
    if (bySentences) this.#answer.text = this.#answer.text.replace(ASKS_ITSELF, '');
    // A stopped answer is attributed too: its citations are as useful as a whole one's.
    this.#answer.kind = this.#signal.aborted ? 'stopped' : 'answer';
    yield { type: 'stage', stage: 'checking' };
    // Against the whole passages: a sentence may be right for a reason that stands beside the one it was shown.
    this.#add(await attribute(this.#answer.text.trim(), passages, similarities, minimumSupport));
    if (this.#answer.kind === 'answer' && this.#settings.whenUnsupported === 'quote')
      await this.#quoteIfBaseless(searched);
  }

  /** Puts the documents' own sentences in the place of an answer of which nothing holds; what was written is kept. */
  async #quoteIfBaseless(question: string): Promise<void> {
    const { text, support = [], passages = [] } = this.#answer;
    // A refusal or a bare "Yes." claims nothing that could lack support.
    if (support.length === 0 || support.some(({ basis }) => basis !== 'none')) return;
    const quoted = await this.#quote(question, passages);
    if (quoted.text !== '') this.#add({ kind: 'extractive', replacedText: text, ...quoted });
  }

  #quote(question: string, passages: PassageSnapshot[]): Promise<Attribution> {
    return extractAnswer(question, passages, (a, b) => this.#services.retrieval.similarities(a, b));
  }

  async *#extract(question: string): AsyncGenerator<AskEvent> {
    yield { type: 'stage', stage: 'writing' };
    const extracted = await this.#quote(question, this.#answer.passages ?? []);
    this.#signal.throwIfAborted();
    if (extracted.text === '') return this.#add({ kind: 'notFound', text: NOT_FOUND });
    this.#add({ kind: 'extractive', ...extracted });
    yield { type: 'text', text: extracted.text };
  }

  #statsOf({ engine, modelName: model, adapters, device }: EngineInfo, stats: GenerationStats): AnswerStats {
    return { engine, model, adapters: [...adapters], device, retrievalSeconds: this.#retrievalSeconds, ...stats };
  }

  #add(parts: Partial<Answer>): void {
    Object.assign(this.#answer, parts);
  }
}
