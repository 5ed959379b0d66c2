import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wordVectors } from './word-vectors.ts';

/** A request as the server saw it. */
export interface SeenRequest {
  method: string;
  path: string;
  authorization?: string;
  body?: {
    model: string;
    messages: { role: string; content: string }[];
    input?: string[];
    stream?: boolean;
    [key: string]: unknown;
  };
}

const KEY = 'secret-key';
const RAMBLING = 'Achieving your goals is a journey through the world around you.';
const MODELS = ['echo', 'endless', 'dropping', 'failing', 'full', 'busy', 'broken', 'json', 'words'];

/**
 * A local server that speaks OpenAI's chat protocol over HTTP: no language model, but real sockets, headers, chunks and
 * errors. The model's name chooses the behaviour: `echo` repeats the last turn word by word, `rambling` says what no
 * document holds, `endless` never ends,
 * `dropping` cuts the connection, `plain` echoes and refuses schemas, the others fail in the ways that servers do. Model `locked` needs the key; `scripted`
 * says what `reply` answers to the conversation.
 *
 * For embeddings, `words` gives vectors by words alone (`word-vectors.ts`), `zero` and `few` what no client can use.
 */
export class OpenAiServer {
  readonly requests: SeenRequest[] = [];
  /** Streams that the client closed before their end. */
  abandoned = 0;
  /** What the model `scripted` says. */
  reply: (messages: { role: string; content: string }[]) => string = () => '';
  /** Whether streams end with their count of tokens. */
  counts = true;
  /** Numbers in a vector. */
  dimensions = 64;
  /** Statuses of the next answers to embeddings, before it works again. */
  failures: number[] = [];
  /** Called before embeddings are answered. */
  beforeEmbeddings: () => void | Promise<void> = () => undefined;
  #server: Server;
  #onAbandoned: (() => void)[] = [];

  /** @param cors whether pages of other origins may call it. */
  constructor({ cors = true } = {}) {
    this.#server = createServer((request, response) => {
      if (cors) {
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type');
      }
      if (request.method === 'OPTIONS') return void response.writeHead(204).end();
      void this.#answer(request, response);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Settles when a client has abandoned a stream. */
  untilAbandoned(): Promise<void> {
    return this.abandoned > 0 ? Promise.resolve() : new Promise((resolve) => this.#onAbandoned.push(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readAll(request);
    const seen: SeenRequest = {
      method: request.method!,
      path: request.url!,
      authorization: request.headers.authorization,
    };
    if (text) seen.body = JSON.parse(text);
    this.requests.push(seen);
    if (seen.path === '/v1/models') {
      return sendJson(response, 200, { object: 'list', data: MODELS.map((id) => ({ id, max_model_len: 4096 })) });
    }
    if (seen.path === '/v1/embeddings' && seen.body) return this.#embed(seen, response);
    if (seen.path !== '/v1/chat/completions' || !seen.body) return sendJson(response, 404, { detail: 'Not Found' });
    await this.#complete(seen, response);
  }

  /** Texts that were embedded, in the order in which they came. */
  get embedded(): string[] {
    return this.requests.flatMap(({ path, body }) => (path === '/v1/embeddings' ? (body?.input ?? []) : []));
  }

  async #embed({ body, authorization }: SeenRequest, response: ServerResponse): Promise<void> {
    const { model, input = [] } = body!;
    await this.beforeEmbeddings();
    const status = this.failures.shift() ?? (model === 'busy' ? 429 : 200);
    if (status !== 200) return sendJson(response, status, { error: { message: 'not now' } });
    if (model === 'locked' && authorization !== `Bearer ${KEY}`)
      return sendJson(response, 401, { error: { message: 'Incorrect API key provided' } });
    if (model === 'page') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Hello</h1>');
    if (!['words', 'zero', 'few', 'locked', 'e5-words'].includes(model))
      return sendJson(response, 404, { error: { message: `model "${model}" not found` } });
    const data = wordVectors(input, this.dimensions);
    if (model === 'zero') data[0]!.embedding.fill(0);
    sendJson(response, 200, { object: 'list', data: model === 'few' ? data.slice(1) : data, model });
  }

  async #complete({ body, authorization }: SeenRequest, response: ServerResponse): Promise<void> {
    const { model, messages } = body!;
    const error = (status: number, message: string) => sendJson(response, status, { error: { message } });
    if (model === 'locked' && authorization !== `Bearer ${KEY}`) return error(401, 'Incorrect API key provided');
    if (model === 'full')
      return error(400, "This model's maximum context length is 64 tokens, however you requested 80");
    if (model === 'busy') return error(429, 'Rate limit reached');
    if (model === 'broken')
      return void response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad gateway</h1>');
    if (model === 'page') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Hello</h1>');
    if (model === 'plain' && body!['response_format']) return error(400, 'response_format is not supported');
    const said =
      model === 'rambling' ? RAMBLING : model === 'scripted' ? this.reply(messages) : messages.at(-1)!.content;
    const words = said.split(/(?<= )/);
    const usage = { prompt_tokens: 7, completion_tokens: words.length, total_tokens: 7 + words.length };
    if (model === 'json') {
      const choice = { message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' };
      return sendJson(response, 200, { choices: [choice], usage });
    }
    if (![...MODELS, 'locked', 'rambling', 'scripted', 'plain'].includes(model))
      return error(404, `model "${model}" not found, try pulling it first`);
    await this.#stream(model, words, usage, response);
  }

  async #stream(model: string, words: string[], usage: object, response: ServerResponse): Promise<void> {
    response.on('close', () => {
      if (response.writableFinished) return;
      this.abandoned++;
      for (const resolve of this.#onAbandoned.splice(0)) resolve();
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const event = (data: object | string) =>
      writeSplit(response, `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    const delta = (content: string) => event({ choices: [{ delta: { content }, finish_reason: null }] });
    await writeSplit(response, ': a comment that keeps the connection open\n\n');
    await event({ choices: [{ delta: { role: 'assistant', content: '' } }] });
    if (model === 'endless') {
      while (!response.destroyed) await delta('again ');
      return;
    }
    for (const word of words) await delta(word);
    if (model === 'dropping') return void response.destroy();
    if (model === 'failing') await event({ error: { message: 'CUDA out of memory' } });
    await event({ choices: [{ delta: {}, finish_reason: 'stop' }] });
    if (this.counts) await event({ choices: [], usage });
    await event('[DONE]');
    response.end();
  }
}

/** Writes in two packets, cut inside a multi-byte character where there is one: clients must put them together. */
async function writeSplit(response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  const wide = bytes.findIndex((byte) => byte >= 0x80);
  const cut = wide >= 0 ? wide + 1 : bytes.length >> 1;
  for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
    response.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
