import { AttuneError, isAbort } from '../../errors/attune-error.ts';
import { database } from '../../storage/database.ts';
import type { ChatEngine, ChatTurn, EngineInfo, GenerationOptions, StreamPiece } from '../contract.ts';
import { estimateTokens } from '../estimate-tokens.ts';
import { isLoopback } from './address.ts';
import type { EndpointConnection } from './connection.ts';
import { openEndpoint } from './open.ts';
import { hostName } from './problems.ts';
import { streamCompletion, type Delta } from './protocol.ts';

// No server that matters today has less, and passages are fitted far below it anyway.
const ASSUMED_CONTEXT = 8192;

/** A generator behind an OpenAI-compatible server. */
export class EndpointEngine implements ChatEngine {
  readonly info: EngineInfo;
  #connection: EndpointConnection;
  /** Not every server takes one; who refused it is asked in words alone. */
  #takesSchemas = true;

  constructor(id: string, name: string, connection: EndpointConnection, contextTokens = ASSUMED_CONTEXT) {
    this.#connection = connection;
    this.info = {
      engine: 'endpoint',
      modelId: id,
      modelName: `${connection.model} (${name})`,
      device: hostName(connection),
      contextTokens,
      memoryBytes: 0,
      leavesMachine: !isLoopback(connection.baseUrl),
      adapters: [],
    };
  }

  /** An estimate that errs upwards: the protocol has no call for counting. */
  countTokens(turns: ChatTurn[]): Promise<number> {
    return Promise.resolve(estimateTokens(turns));
  }

  async *stream(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncGenerator<StreamPiece> {
    const started = performance.now();
    let firstAt: number | undefined;
    let pieces = 0;
    let usage: { promptTokens: number; outputTokens: number } | undefined;
    try {
      for await (const delta of this.#deltas(turns, options, signal)) {
        // What arrived before the stop but was not asked for yet is not said any more.
        if (signal.aborted) break;
        usage = delta.usage ?? usage;
        if (delta.text === '') continue;
        firstAt ??= performance.now();
        pieces++;
        yield { text: delta.text, done: false };
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
    const ended = performance.now();
    const outputTokens = usage?.outputTokens ?? pieces;
    const seconds = (ended - (firstAt ?? ended)) / 1000;
    yield {
      text: '',
      done: true,
      stats: {
        promptTokens: usage?.promptTokens ?? (await this.countTokens(turns)),
        outputTokens,
        secondsToFirstToken: ((firstAt ?? ended) - started) / 1000,
        // The first token is not part of the rate: it waits for the prompt.
        tokensPerSecond: seconds > 0 ? Math.max(0, outputTokens - 1) / seconds : 0,
        ...(!usage && { estimated: true }),
      },
    };
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  /** A schema is asked for once: a server that refuses the request with it is asked again without. */
  async *#deltas(turns: ChatTurn[], options: GenerationOptions, signal: AbortSignal): AsyncGenerator<Delta> {
    const { json, ...others } = options;
    const asked: GenerationOptions = json && this.#takesSchemas ? options : others;
    try {
      yield* streamCompletion(this.#connection, turns, asked, signal);
    } catch (error) {
      const refused = error instanceof AttuneError && error.code === 'endpoint/refused';
      if (!refused || !asked.json) throw error;
      this.#takesSchemas = false;
      yield* streamCompletion(this.#connection, turns, others, signal);
    }
  }
}

/**
 * Opens an endpoint that the user added and switched on.
 *
 * @throws AttuneError `endpoint/missing`, `endpoint/off`.
 */
export async function openEndpointEngine(endpointId: string, db = database()): Promise<EndpointEngine> {
  const { row, connection } = await openEndpoint(endpointId, 'answer model', db);
  return new EndpointEngine(row.id, row.name, connection, row.contextTokens);
}
