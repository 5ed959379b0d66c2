import { EventSourceParserStream } from 'eventsource-parser/stream';
import { isAbort } from '../../errors/attune-error.ts';
import type { ChatTurn, GenerationOptions } from '../contract.ts';
import type { EndpointConnection } from './connection.ts';
import {
  blockedByPolicy,
  interrupted,
  notTheProtocol,
  problemInStream,
  problemOfResponse,
  unreachable,
} from './problems.ts';

/** A model that an endpoint offers. */
export interface EndpointModel {
  id: string;
  /** Where the server tells it. */
  contextTokens?: number;
}

/** A piece of an answer; the last one may carry the server's own count of tokens. */
export interface Delta {
  text: string;
  usage?: { promptTokens: number; outputTokens: number };
}

interface ChatChunk {
  choices?: {
    delta?: { content?: string | null };
    message?: { content?: string | null };
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  error?: { message?: string } | string;
}

/**
 * Asks for a completion and streams it (server-sent events, https://platform.openai.com/docs/api-reference/chat).
 * Only parameters of the standard are sent: hosted services refuse unknown ones, so top-k and the repetition penalty
 * stay at the server's own values.
 *
 * @throws AttuneError `endpoint/…`, `generation/context-full`; AbortError when `signal` fires.
 */
export async function* streamCompletion(
  connection: EndpointConnection,
  turns: ChatTurn[],
  options: GenerationOptions,
  signal: AbortSignal,
): AsyncGenerator<Delta> {
  const response = await send(connection, '/chat/completions', signal, {
    model: connection.model,
    messages: turns,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: options.maxNewTokens,
    temperature: options.temperature,
    top_p: options.topP,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.json && {
      response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: options.json } },
    }),
  });
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('application/json')) yield deltaOf(connection, (await response.json()) as ChatChunk);
  else if (type.includes('text/event-stream')) yield* readEvents(connection, response);
  else throw notTheProtocol(connection, `its answer has the type "${type}"`);
}

/** The models that the endpoint offers (`GET /models`). */
export async function fetchModels(connection: EndpointConnection, signal?: AbortSignal): Promise<EndpointModel[]> {
  const response = await send(connection, '/models', signal);
  const list = (await response.json().catch(() => undefined)) as { data?: Record<string, unknown>[] } | undefined;
  if (!Array.isArray(list?.data)) throw notTheProtocol(connection, 'it has no list of models');
  return list.data.flatMap((model) => {
    if (typeof model.id !== 'string') return [];
    // vLLM and LM Studio, OpenRouter, llama.cpp: each has its own name for it.
    const meta = (model.meta ?? {}) as Record<string, unknown>;
    const context = [model.max_model_len, model.max_context_length, model.context_length, meta.n_ctx, meta.n_ctx_train];
    const contextTokens = context.find((value): value is number => typeof value === 'number' && value > 0);
    return [{ id: model.id, ...(contextTokens && { contextTokens }) }];
  });
}

/**
 * One request of the protocol.
 *
 * @throws AttuneError `endpoint/…`; AbortError when `signal` fires
 */
export async function send(
  connection: EndpointConnection,
  path: string,
  signal: AbortSignal | undefined,
  body?: object,
): Promise<Response> {
  const policy = watchPolicy(connection);
  try {
    const response = await fetch(connection.baseUrl + path, {
      method: body ? 'POST' : 'GET',
      headers: {
        ...(body && { 'Content-Type': 'application/json' }),
        ...(connection.apiKey && { Authorization: `Bearer ${connection.apiKey}` }),
      },
      body: body && JSON.stringify(body),
      signal: signal ?? null,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
    if (!response.ok) throw await problemOfResponse(response, connection);
    return response;
  } catch (error) {
    // fetch reports every failure to connect as a TypeError, whatever the reason.
    if (error instanceof TypeError)
      throw policy.violated() ? blockedByPolicy(connection) : unreachable(connection, error);
    throw error;
  } finally {
    policy.stop();
  }
}

async function* readEvents(connection: EndpointConnection, response: Response): AsyncGenerator<Delta> {
  if (!response.body) throw notTheProtocol(connection, 'its answer is empty');
  const decoder = new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>;
  const reader = response.body.pipeThrough(decoder).pipeThrough(new EventSourceParserStream()).getReader();
  let finished = false;
  try {
    while (true) {
      const { value: event, done } = await reader.read();
      if (done) break;
      if (event.data === '[DONE]') return;
      const chunk = parse(connection, event.data);
      finished ||= Boolean(chunk.choices?.[0]?.finish_reason);
      yield deltaOf(connection, chunk);
    }
  } catch (error) {
    if (isAbort(error) || !(error instanceof TypeError)) throw error;
    throw interrupted(connection, error);
  } finally {
    // Tells the server that nobody listens any more; without it an abandoned answer is computed to its end.
    void reader.cancel().catch(() => undefined);
  }
  // Some servers leave out [DONE], but none leaves out the reason why the answer ended.
  if (!finished) throw interrupted(connection);
}

function parse(connection: EndpointConnection, data: string): ChatChunk {
  try {
    return JSON.parse(data) as ChatChunk;
  } catch {
    throw notTheProtocol(connection, 'a part of its stream is not JSON');
  }
}

function deltaOf(connection: EndpointConnection, chunk: ChatChunk): Delta {
  if (chunk.error) {
    throw problemInStream(
      connection,
      typeof chunk.error === 'string' ? chunk.error : (chunk.error.message ?? 'unknown'),
    );
  }
  const choice = chunk.choices?.[0];
  const text = choice?.delta?.content ?? choice?.message?.content ?? '';
  const { prompt_tokens: promptTokens, completion_tokens: outputTokens } = chunk.usage ?? {};
  return promptTokens !== undefined && outputTokens !== undefined
    ? { text, usage: { promptTokens, outputTokens } }
    : { text };
}

/** Page and worker scopes announce what their policy blocked; Node has no policy. */
function watchPolicy({ baseUrl }: EndpointConnection): { violated: () => boolean; stop: () => void } {
  if (typeof addEventListener !== 'function') return { violated: () => false, stop: () => undefined };
  const origin = new URL(baseUrl).origin;
  let seen = false;
  const onViolation = (event: Event) => {
    if (String((event as SecurityPolicyViolationEvent).blockedURI).startsWith(origin)) seen = true;
  };
  addEventListener('securitypolicyviolation', onViolation);
  return { violated: () => seen, stop: () => removeEventListener('securitypolicyviolation', onViolation) };
}
