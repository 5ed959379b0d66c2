import { expect, test } from 'vitest';
import { AttuneError } from '../../src/errors/attune-error.ts';
import type { StreamPiece } from '../../src/generation/contract.ts';
import { EndpointEngine } from '../../src/generation/endpoint/endpoint-engine.ts';
import { fetchModels } from '../../src/generation/endpoint/protocol.ts';

const OPTIONS = { maxNewTokens: 32, temperature: 0, topP: 1, topK: 1, repetitionPenalty: 1 };

/** The running server as both Node and a page can reach it. */
export interface ReachableServer {
  url(): string;
  /** Address of a server that allows no pages (Chromium) or does not run (Node). */
  unreachableUrl(): string;
  untilAbandoned(): Promise<void>;
}

/** What an endpoint engine must do wherever it runs; the same tests run in Node and in Chromium. */
export function describeEndpoint(server: ReachableServer): void {
  const engine = (model: string, apiKey?: string) =>
    new EndpointEngine('e1', 'Test', { baseUrl: server.url(), model, ...(apiKey && { apiKey }) });

  test('the text arrives whole and in pieces, characters cut across packets included', async () => {
    const question = 'Größe and 日本語 and 👍 stay whole';
    const pieces = await collect(engine('echo').stream([{ role: 'user', content: question }], OPTIONS, noAbort()));
    expect(pieces.map((piece) => piece.text).join('')).toBe(question);
    expect(pieces.length).toBeGreaterThan(4);
  });

  test("the server's own count of tokens is reported", async () => {
    const pieces = await collect(
      engine('echo').stream([{ role: 'user', content: 'one two three' }], OPTIONS, noAbort()),
    );
    expect(pieces.at(-1)).toMatchObject({ done: true, stats: { promptTokens: 7, outputTokens: 3 } });
    expect(pieces.filter((piece) => piece.done)).toHaveLength(1);
  });

  test('a server that does not stream is read as well', async () => {
    const pieces = await collect(
      engine('json').stream([{ role: 'user', content: 'plain answer' }], OPTIONS, noAbort()),
    );
    expect(pieces.map((piece) => piece.text).join('')).toBe('plain answer');
  });

  test('stopping ends the stream with what was said and tells the server', async () => {
    const abort = new AbortController();
    const pieces: StreamPiece[] = [];
    for await (const piece of engine('endless').stream([{ role: 'user', content: 'go' }], OPTIONS, abort.signal)) {
      pieces.push(piece);
      if (pieces.length === 3) abort.abort();
    }
    expect(pieces.map((piece) => piece.text)).toEqual(['again ', 'again ', 'again ', '']);
    expect(pieces.at(-1)?.done).toBe(true);
    await server.untilAbandoned();
  });

  test.each([
    ['locked', 'endpoint/key-refused'],
    ['no-such-model', 'endpoint/not-found'],
    ['full', 'generation/context-full'],
    ['busy', 'endpoint/busy'],
    ['broken', 'endpoint/server-failed'],
    ['page', 'endpoint/wrong-protocol'],
    ['dropping', 'endpoint/interrupted'],
    ['failing', 'endpoint/server-failed'],
  ])('model %s fails with %s and a way out', async (model, code) => {
    const stream = engine(model).stream([{ role: 'user', content: 'hello' }], OPTIONS, noAbort());
    const error = await failure(collect(stream));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(model === 'full' ? 'full' : new URL(server.url()).host);
    expect(error.wayOut.length).toBeGreaterThan(10);
  });

  test('the right key opens a locked model', async () => {
    const pieces = await collect(
      engine('locked', 'secret-key').stream([{ role: 'user', content: 'hi' }], OPTIONS, noAbort()),
    );
    expect(pieces[0]?.text).toBe('hi');
  });

  test('a server that cannot be reached is named, with both possible reasons', async () => {
    const connection = { baseUrl: server.unreachableUrl(), model: 'echo' };
    const stream = new EndpointEngine('e1', 'Test', connection).stream(
      [{ role: 'user', content: 'hi' }],
      OPTIONS,
      noAbort(),
    );
    const error = await failure(collect(stream));
    expect(error).toMatchObject({ code: 'endpoint/unreachable' });
    expect(error.wayOut).toContain('CORS');
  });

  test('the models are listed with their context size', async () => {
    const models = await fetchModels({ baseUrl: server.url(), model: '' });
    expect(models).toContainEqual({ id: 'echo', contextTokens: 4096 });
  });
}

async function collect(stream: AsyncIterable<StreamPiece>): Promise<StreamPiece[]> {
  const pieces: StreamPiece[] = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

async function failure(promise: Promise<unknown>): Promise<AttuneError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AttuneError);
  return error as AttuneError;
}

function noAbort(): AbortSignal {
  return new AbortController().signal;
}
