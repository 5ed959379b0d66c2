import { AttuneError } from '../../errors/attune-error.ts';
import { notTheProtocol, tooSlow } from './problems.ts';
import { send } from './protocol.ts';
import type { EndpointConnection } from './connection.ts';

/** Texts in one request: what the smallest servers take by default (text-embeddings-inference). */
const TEXTS = 32;

/** How long to try. */
export interface Patience {
  /** Milliseconds before each further try, after a server was busy (429) or failed (5xx). */
  pauses: readonly number[];
  /** Milliseconds for one answer. */
  timeout: number;
}

/** An index is built in the background and may wait half a minute in all; a person who asked may not. */
export const INDEXING: Patience = { pauses: [1000, 2000, 4000, 8000, 16_000], timeout: 120_000 };
export const ASKING: Patience = { pauses: [500], timeout: 10_000 };

interface EmbeddingList {
  data?: ({ index?: number; embedding?: unknown } | null)[];
}

/** Gives the connection anew for every try, so that an endpoint that was switched off is sent nothing more. */
export type OpenConnection = () => Promise<EndpointConnection>;

/**
 * Asks for the vectors of texts (`POST /embeddings`, https://platform.openai.com/docs/api-reference/embeddings), in
 * requests that small servers take.
 *
 * @returns one unit-length vector for each text, as long as the server made it
 * @throws whatever `open` throws; AttuneError `endpoint/…` naming the host and what it did; AbortError when `signal` fires
 */
export async function fetchEmbeddings(
  open: OpenConnection,
  texts: readonly string[],
  patience: Patience,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let from = 0; from < texts.length; from += TEXTS) {
    const part = texts.slice(from, from + TEXTS);
    const attempt = async () => request(await open(), part, patience.timeout, signal);
    vectors.push(...(await withPatience(patience, signal, attempt)));
  }
  return vectors;
}

async function request(
  connection: EndpointConnection,
  input: readonly string[],
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const limit = AbortSignal.timeout(timeout);
  try {
    const either = signal ? AbortSignal.any([signal, limit]) : limit;
    const response = await send(connection, '/embeddings', either, { model: connection.model, input });
    return read(connection, await response.json().catch(rethrowAbort), input.length);
  } catch (error) {
    if (limit.aborted && !signal?.aborted) throw tooSlow(connection, timeout);
    throw error;
  }
}

/** What is no JSON is no list of vectors either; an answer that was cut off by a signal is neither. */
function rethrowAbort(error: unknown): undefined {
  if (!(error instanceof SyntaxError)) throw error;
}

function read(connection: EndpointConnection, list: unknown, count: number): Float32Array[] {
  const data = (list as EmbeddingList | undefined)?.data;
  if (!Array.isArray(data)) throw notTheProtocol(connection, 'it has no list of vectors');
  const vectors = Array.from({ length: count }, () => new Float32Array());
  // The protocol lets a server answer in any order.
  data.forEach((entry, place) => {
    if (Array.isArray(entry?.embedding)) vectors[entry.index ?? place] = Float32Array.from(entry.embedding as number[]);
  });
  if (data.length !== count || vectors.length !== count || vectors.some(({ length }) => length === 0))
    throw notTheProtocol(connection, `it gave ${data.length} vectors for ${count} texts`);
  return vectors.map((vector) => normalised(connection, vector));
}

/** In place. Servers differ in whether they normalise; similarities here are dot products. */
function normalised(connection: EndpointConnection, vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (!(squares > 0 && squares < Infinity))
    throw notTheProtocol(connection, 'a vector is zero or holds something that is no number');
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}

/** Pages of other origins may not read `Retry-After`, so the pauses grow by themselves. */
async function withPatience<T>(
  { pauses }: Patience,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const pause = pauses[failures];
      if (pause === undefined || !isPassing(error)) throw error;
      await wait(pause, signal);
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof AttuneError && (error.code === 'endpoint/busy' || error.code === 'endpoint/server-failed');
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
