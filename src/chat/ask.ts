import { AttuneError, isAbort, toProblem } from '../errors/attune-error.ts';
import type { SearchHit, SearchResult } from '../retrieval/contract.ts';
import { valuesOf, type KnobValues } from '../settings/knob.ts';
import { database, type AttuneDatabase } from '../storage/database.ts';
import type { AnswerVariant, MessageRow, WorkspaceAdapters } from '../storage/schema.ts';
import { answeringAdapter } from './answerer.ts';
import type {
  AnswerAdapter,
  Answerer,
  AskEvent,
  AskRequest,
  AskServices,
  Generator,
  OtherRequest,
} from './contract.ts';
import { findAnswered, historyBefore, openQuestion, storeAnswer, storeOther } from './messages.ts';
import { isClosedBook } from './prompt/answer-recipe.ts';
import { condense } from './prompt/condense.ts';
import type { Exchange } from './prompt/follow-up.ts';
import { relevanceOf } from './prompt/relevance.ts';
import { recordAnswer } from './record-answer.ts';
import { CHAT_KNOBS } from './settings.ts';
import { snapshotOf } from './snapshot.ts';
import { NOT_FOUND, quote, writeAnswer, type WritingParts } from './write-answer.ts';

const NOTHING_THERE = 'There is nothing to search yet, or nothing in it has any of these words.';

type Settings = KnobValues<typeof CHAT_KNOBS>;
type Answer = AnswerVariant & Partial<MessageRow>;

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
  const answering = new Answering(question, services, overrides, signal, request.answerer);
  try {
    yield* answering.run(await historyBefore(question, db), request);
  } catch (error) {
    answering.fail(error);
  }
  const message = await storeAnswer(question, answering.answer, db);
  await recordAnswer(question, message, valuesOf(CHAT_KNOBS, overrides), db);
  yield { type: 'done', message };
}

/**
 * Writes a stored answer once more, from the same passages, by the other of base and tuned model, and keeps it beside
 * the first (`MessageRow.other`). The weights are the same, so nothing is loaded anew.
 *
 * @throws AttuneError `chat/missing` when the answer is gone, `chat/no-passages` when it was made from none,
 *   `chat/no-answer-model`, `chat/no-adapter` when there is no other; whatever the database throws
 */
export async function* answerOther(
  request: OtherRequest,
  services: AskServices,
  signal: AbortSignal,
  db: AttuneDatabase = database(),
): AsyncGenerator<AskEvent> {
  const { question, message, settings: workspaceSettings } = await findAnswered(request.messageId, db);
  const overrides = { ...workspaceSettings, ...request.settings };
  const answerer = request.answerer ?? (message.stats?.adapters.length ? 'base' : 'tuned');
  const answering = new Answering(question, services, overrides, signal, answerer);
  const history = message.searchedAs ? await historyBefore(question, db) : [];
  try {
    yield* answering.again(message, history);
  } catch (error) {
    if (error instanceof AttuneError && error.code === 'chat/no-adapter') throw error;
    answering.fail(error);
  }
  const { text, kind, replacedText, byHeart, reason, support, stats, problem } = answering.answer;
  const other = { text, kind, replacedText, byHeart, reason, support, stats, problem };
  yield { type: 'done', message: await storeOther(message.id, other, db) };
}

/** The state of one question on its way; what it has so far survives a stop or a failure. */
class Answering {
  readonly answer: Answer = { text: '' };
  #question: MessageRow;
  #services: AskServices;
  #overrides: Record<string, unknown>;
  #settings: Settings;
  #signal: AbortSignal;
  #answerer: Answerer | undefined;
  #retrievalSeconds = 0;
  #loading: Promise<Generator | undefined> | undefined;

  constructor(
    question: MessageRow,
    services: AskServices,
    overrides: Record<string, unknown>,
    signal: AbortSignal,
    answerer: Answerer | undefined,
  ) {
    this.#question = question;
    this.#services = services;
    this.#overrides = overrides;
    this.#settings = valuesOf(CHAT_KNOBS, overrides);
    this.#signal = signal;
    this.#answerer = answerer;
  }

  async *run(history: Exchange[], request: AskRequest): AsyncGenerator<AskEvent> {
    const typed = this.#question.text;
    yield { type: 'stage', stage: 'condensing' };
    const mode = this.#settings.rewriteFollowUps;
    const searchedAs = await condense(typed, history, mode, () => this.#generator(), this.#signal);
    if (searchedAs) this.answer.searchedAs = searchedAs;

    yield { type: 'stage', stage: 'searching' };
    const searched = searchedAs ?? typed;
    const result = await this.#search(searched, request);
    this.#signal.throwIfAborted();
    const { hits, problem } = result;
    if (problem) this.answer.searchProblem = problem;
    const passages = hits.map(snapshotOf);
    const weak =
      (await this.#relevance(searched, result)) < this.#settings.minimumRelevance && !(await this.#answersByHeart());
    this.answer.passages = passages;
    yield { type: 'passages', passages, weak, ...(searchedAs && { searchedAs }) };

    if (weak) this.#add({ kind: 'notFound', text: hits.length > 0 ? NOT_FOUND : NOTHING_THERE });
    else {
      const generator = await this.#generator();
      this.#signal.throwIfAborted();
      const parts = { question: typed, searched, history: searchedAs ? history : [], passages };
      yield* generator ? this.#write(generator, parts) : this.#extract(parts);
    }
  }

  /** Writes an answer from the passages of another one. */
  async *again(message: MessageRow, history: Exchange[]): AsyncGenerator<AskEvent> {
    const { passages = [], searchedAs } = message;
    this.#retrievalSeconds = message.stats?.retrievalSeconds ?? 0;
    const generator = await this.#generator();
    this.#signal.throwIfAborted();
    if (!generator) {
      throw new AttuneError('chat/no-answer-model', 'No answer model is there.', 'Add one in Models and try again.');
    }
    const question = this.#question.text;
    yield* this.#write(generator, { question, searched: searchedAs ?? question, history, passages });
  }

  fail(error: unknown): void {
    if (isAbort(error)) this.#add({ kind: 'stopped' });
    else this.#add({ kind: 'failed', problem: toProblem(error) });
  }

  async #search(query: string, { documentIds, folders }: AskRequest): Promise<SearchResult> {
    const started = performance.now();
    const result = await this.#services.retrieval.search({
      workspaceId: this.#question.workspaceId,
      query,
      limit: this.#settings.passageCount,
      mode: 'hybrid',
      mergeNeighbours: true,
      ...(documentIds && { documentIds }),
      ...(folders && { folders }),
    });
    this.#retrievalSeconds = (performance.now() - started) / 1000;
    return result;
  }

  /** Thresholds were calibrated on the base model's similarities: hits of another one are looked at with those. */
  async #relevance(searched: string, { hits, tunedBy, sentTo }: SearchResult): Promise<number> {
    if ((!tunedBy && !sentTo) || hits.length === 0) return relevanceOf(searched, hits);
    const texts = hits.map(({ text }) => text);
    const similarities = await this.#services.retrieval.similarities([searched], texts);
    const judged = hits.map((hit, i): SearchHit => ({ ...hit, dense: { rank: i + 1, score: similarities[i]! } }));
    return relevanceOf(searched, judged);
  }

  #generator(): Promise<Generator | undefined> {
    const { generator } = this.#services;
    this.#loading ??= typeof generator === 'function' ? generator() : Promise.resolve(generator);
    return this.#loading;
  }

  async *#write(
    generator: Generator,
    parts: Pick<WritingParts, 'question' | 'searched' | 'history' | 'passages'>,
  ): AsyncGenerator<AskEvent> {
    const adapter = await this.#adapter(generator);
    if (this.#answerer === 'tuned' && !adapter) {
      throw new AttuneError(
        'chat/no-adapter',
        `There is no adapter for ${generator.info.modelName}.`,
        'Tune this answer model, or add an adapter for it in Models.',
      );
    }
    const { retrieval } = this.#services;
    const shared = { generator, adapter, retrieval, retrievalSeconds: this.#retrievalSeconds };
    const writing = { ...parts, ...shared, settings: this.#settings, overrides: this.#overrides };
    yield* writeAnswer(writing, this.answer, this.#signal);
  }

  async #adapter({ info }: Generator): Promise<AnswerAdapter | undefined> {
    const adapters = (await this.#services.adapters?.()) ?? [];
    const chosen = (this.#overrides['adapters'] as WorkspaceAdapters | undefined)?.generator;
    return answeringAdapter(adapters, info, chosen, this.#answerer);
  }

  /** Then passages that do not fit are no reason not to ask. The model is loaded only where such an adapter may answer. */
  async #answersByHeart(): Promise<boolean> {
    const adapters = (await this.#services.adapters?.()) ?? [];
    if (!adapters.some(({ recipe }) => isClosedBook(recipe))) return false;
    const generator = await this.#generator();
    return generator !== undefined && isClosedBook((await this.#adapter(generator))?.recipe);
  }

  async *#extract(parts: Pick<WritingParts, 'searched' | 'passages'>): AsyncGenerator<AskEvent> {
    yield { type: 'stage', stage: 'writing' };
    const extracted = await quote({ ...parts, retrieval: this.#services.retrieval });
    this.#signal.throwIfAborted();
    if (extracted.text === '') return this.#add({ kind: 'notFound', text: NOT_FOUND });
    this.#add({ kind: 'extractive', ...extracted });
    yield { type: 'text', text: extracted.text };
  }

  #add(parts: Partial<Answer>): void {
    Object.assign(this.answer, parts);
  }
}
