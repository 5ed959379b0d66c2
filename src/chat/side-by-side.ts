import { AttuneError, toProblem } from '../errors/attune-error.ts';
import type { ChatTurn, ModelChoice } from '../generation/contract.ts';
import { valuesOf } from '../settings/knob.ts';
import { database, type AttuneDatabase } from '../storage/database.ts';
import type { AnswerVariant, PassageSnapshot } from '../storage/schema.ts';
import type { AnswerAdapter, AskEvent, AskServices, Generator } from './contract.ts';
import { CHAT_KNOBS } from './settings.ts';
import { snapshotOf } from './snapshot.ts';
import { writeAnswer } from './write-answer.ts';

/** One of the two that answer: a model as it is, or with an adapter. */
export interface Contestant {
  choice: ModelChoice;
  adapterId: string | null;
}

export interface SideBySideRequest {
  workspaceId: string;
  question: string;
  contestants: readonly [Contestant, Contestant];
}

export interface SideBySideServices {
  retrieval: AskServices['retrieval'];
  /** Loads a model, or returns at once when it is in memory. */
  load: (choice: ModelChoice) => Promise<Generator>;
  adapters: () => Promise<readonly AnswerAdapter[]>;
}

export type Side = 0 | 1;

/** What one of the two answered, with the prompt that it read. */
export interface SideAnswer extends AnswerVariant {
  prompt: readonly ChatTurn[];
}

/** In this order: `passages`, then for each side `begun`, its own events, `answered`. */
export type SideEvent =
  | { type: 'passages'; passages: PassageSnapshot[]; seconds: number }
  | { type: 'begun'; side: Side }
  | { type: 'writing'; side: Side; event: AskEvent }
  | { type: 'answered'; side: Side; answer: SideAnswer };

/**
 * Two answers to one question from the same passages; nothing is stored. They are written one after the other: an
 * engine has one sequence, and two at once would spoil each other's timings. What a model says is shown as it is, never
 * replaced by the documents' own sentences. A side that fails carries its problem and the other one still answers.
 *
 * @throws whatever the search throws
 */
export async function* sideBySide(
  request: SideBySideRequest,
  services: SideBySideServices,
  signal: AbortSignal,
  db: AttuneDatabase = database(),
): AsyncGenerator<SideEvent> {
  const { workspaceId, question } = request;
  const overrides = (await db.workspaces.get(workspaceId))?.settings ?? {};
  const settings = { ...valuesOf(CHAT_KNOBS, overrides), whenUnsupported: 'show' as const };
  const started = performance.now();
  const limit = settings.passageCount;
  const { hits } = await services.retrieval.search({
    ...{ workspaceId, query: question, limit, mode: 'hybrid', mergeNeighbours: true },
  });
  signal.throwIfAborted();
  const passages = hits.map(snapshotOf);
  const retrievalSeconds = (performance.now() - started) / 1000;
  yield { type: 'passages', passages, seconds: retrievalSeconds };

  for (const side of [0, 1] as const) {
    if (signal.aborted) return;
    yield { type: 'begun', side };
    const answer: SideAnswer = { text: '', prompt: [] };
    try {
      const { choice, adapterId } = request.contestants[side];
      const generator = withPrompt(await services.load(choice), (turns) => (answer.prompt = turns));
      const adapter = adapterId === null ? undefined : await adapterBy(adapterId, services);
      signal.throwIfAborted();
      const parts = { question, searched: question, history: [], passages, generator, adapter, settings, overrides };
      const events = writeAnswer({ ...parts, retrieval: services.retrieval, retrievalSeconds }, answer, signal);
      for await (const event of events) yield { type: 'writing', side, event };
    } catch (error) {
      Object.assign(answer, signal.aborted ? { kind: 'stopped' } : { kind: 'failed', problem: toProblem(error) });
    }
    yield { type: 'answered', side, answer };
  }
}

/** @throws AttuneError `chat/no-adapter`: the bare model must not answer in its place */
async function adapterBy(id: string, services: SideBySideServices): Promise<AnswerAdapter> {
  const adapter = (await services.adapters()).find((known) => known.id === id);
  if (adapter) return adapter;
  throw new AttuneError('chat/no-adapter', 'This adapter is no longer here.', 'Choose another one.');
}

/** The same engine, with its prompt told: preference data is worth little without what was asked. */
function withPrompt(generator: Generator, tell: (turns: ChatTurn[]) => void): Generator {
  return {
    info: generator.info,
    countTokens: (turns) => generator.countTokens(turns),
    stream: (turns, options, signal) => {
      tell(turns);
      return generator.stream(turns, options, signal);
    },
  };
}
