import { AttuneError } from '../../errors/attune-error.ts';
import type { EndpointConnection } from './connection.ts';

/** The host as people know it: "localhost:11434". */
export function hostName({ baseUrl }: EndpointConnection): string {
  return new URL(baseUrl).host;
}

/** What an HTTP error of an endpoint means for the person who set it up. */
export async function problemOfResponse(response: Response, connection: EndpointConnection): Promise<AttuneError> {
  const host = hostName(connection);
  const said = await detailOf(response);
  const quoted = said === '' ? '' : ` It said: "${said}".`;
  if (isContextFull(said)) return contextFull(connection, said);
  switch (response.status) {
    case 401:
    case 403:
      return new AttuneError(
        'endpoint/key-refused',
        `${host} refused the key.${quoted}`,
        'Check the key of this endpoint under Models, and that it may use this model.',
      );
    case 404:
      return new AttuneError(
        'endpoint/not-found',
        `${host} knows no model "${connection.model}", or does not answer at this address.${quoted}`,
        'Choose a model from the list of this endpoint under Models, or correct its address (it often ends in /v1).',
      );
    case 429:
      return new AttuneError(
        'endpoint/busy',
        `${host} takes no more requests now.${quoted}`,
        'Wait a little and ask again.',
      );
    default:
      return response.status >= 500
        ? new AttuneError(
            'endpoint/server-failed',
            `${host} failed with status ${response.status}.${quoted}`,
            'Look at the log of that server, and try again when it runs.',
          )
        : new AttuneError(
            'endpoint/refused',
            `${host} refused the request with status ${response.status}.${quoted}`,
            'Check the model and the settings of this endpoint under Models.',
          );
  }
}

/**
 * The server was not reached at all. A page cannot tell a closed port from a server that does not allow pages (CORS),
 * so both are named.
 */
export function unreachable(connection: EndpointConnection, cause: unknown): AttuneError {
  const host = hostName(connection);
  return new AttuneError(
    'endpoint/unreachable',
    `${host} cannot be reached.`,
    'Check that the server runs at this address and allows pages to call it (CORS; for Ollama set OLLAMA_ORIGINS, ' +
      'in LM Studio switch CORS on).',
    { cause },
  );
}

/** Our own content security policy stopped the request: the endpoint was switched on after the page was loaded. */
export function blockedByPolicy(connection: EndpointConnection): AttuneError {
  return new AttuneError(
    'endpoint/blocked',
    `Attune itself still blocks ${hostName(connection)}.`,
    'Switch the endpoint on and reload the page: connections are opened when the page starts.',
  );
}

/** The connection ended before the answer did. */
export function interrupted(connection: EndpointConnection, cause?: unknown): AttuneError {
  return new AttuneError(
    'endpoint/interrupted',
    `${hostName(connection)} ended the connection in the middle of the answer.`,
    'Ask again. If it happens each time, look at the log of that server.',
    { cause },
  );
}

/** No answer within the time that a person or an index can wait. */
export function tooSlow(connection: EndpointConnection, milliseconds: number): AttuneError {
  return new AttuneError(
    'endpoint/too-slow',
    `${hostName(connection)} gave no answer within ${Math.round(milliseconds / 1000)} seconds.`,
    'Look whether that server is at work on something else, and try again.',
  );
}

/** Something answered, but not in the protocol. */
export function notTheProtocol(connection: EndpointConnection, what: string): AttuneError {
  return new AttuneError(
    'endpoint/wrong-protocol',
    `${hostName(connection)} does not answer like an OpenAI-compatible server: ${what}.`,
    'Correct the address of this endpoint under Models; it often ends in /v1.',
  );
}

/** An error that the server put into the stream. */
export function problemInStream(connection: EndpointConnection, said: string): AttuneError {
  if (isContextFull(said)) return contextFull(connection, said);
  return new AttuneError(
    'endpoint/server-failed',
    `${hostName(connection)} failed while answering: "${said}".`,
    'Look at the log of that server, and ask again.',
  );
}

function contextFull(connection: EndpointConnection, said: string): AttuneError {
  return new AttuneError(
    'generation/context-full',
    `The conversation is too long for ${connection.model}: "${said}".`,
    'Start a new chat, or lower the number of passages in the settings.',
  );
}

function isContextFull(said: string): boolean {
  return /context.{0,20}(length|size|window)|maximum context|too many tokens|exceed.{0,30}context/i.test(said);
}

async function detailOf(response: Response): Promise<string> {
  const body = await response.text().catch(() => '');
  let detail: unknown = body;
  try {
    const json = JSON.parse(body) as { error?: { message?: unknown } | string; detail?: unknown; message?: unknown };
    detail = (typeof json.error === 'object' ? json.error.message : json.error) ?? json.detail ?? json.message ?? body;
  } catch {
    // Not JSON: an HTML error page says nothing to a person.
    if (/^\s*</.test(body)) return '';
  }
  return String(typeof detail === 'string' ? detail : JSON.stringify(detail))
    .trim()
    .slice(0, 300);
}
