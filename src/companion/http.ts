import { AttuneError } from '../errors/attune-error.ts';
import type { CompanionConnection } from './contract.ts';

interface ErrorBody {
  error?: { message?: string; code?: string };
}

/**
 * One request to a node.
 *
 * @throws AttuneError `companion/unreachable`, `companion/token-refused`, `companion/not-found`, `companion/busy`,
 *   `companion/too-slow`, `companion/refused`, `companion/unable` with the node's own words; AbortError when `signal` fires
 */
export async function request(
  { url, token }: CompanionConnection,
  path: string,
  init: RequestInit & { signal?: AbortSignal | null } = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url + path, {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), Authorization: `Bearer ${token}` },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
  } catch (error) {
    throw connectionProblem(error, url);
  }
  if (response.ok) return response;
  throw await problemOf(response, new URL(url).host);
}

/** A browser refuses a certificate that the node made itself without a word to the page, until its owner accepts it. */
function certificateHelp(url: string): string {
  if (!url.startsWith('https:')) return '';
  const compare = 'compare the certificate’s SHA-256 fingerprint with the one that the node showed when it started';
  return ` If it made its certificate itself: open ${url} in a tab, ${compare}, accept it, and come back.`;
}

/** As {@link request}, for answers in JSON. */
export async function requestJson<T>(
  connection: CompanionConnection,
  path: string,
  init: RequestInit & { json?: unknown } = {},
): Promise<T> {
  const { json, ...rest } = init;
  const sent: RequestInit =
    json === undefined
      ? rest
      : { ...rest, method: 'POST', body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } };
  return (await bodyOf(await request(connection, path, sent), 'json', connection)) as T;
}

/** What an answer holds. @throws AttuneError `companion/unreachable` when it breaks off */
export async function bodyOf<How extends 'json' | 'blob'>(
  response: Response,
  how: How,
  { url }: Pick<CompanionConnection, 'url'>,
): Promise<Awaited<ReturnType<Response[How]>>> {
  try {
    return (await response[how]()) as Awaited<ReturnType<Response[How]>>;
  } catch (error) {
    throw connectionProblem(error, url);
  }
}

/** fetch reports every connection that fails or breaks off as a TypeError, whatever the reason; other errors stay. */
export function connectionProblem(error: unknown, url: string): unknown {
  if (!(error instanceof TypeError)) return error;
  return new AttuneError(
    'companion/unreachable',
    `The node ${new URL(url).host} cannot be reached.`,
    `Check that it runs, and that it was started with --origin for this page.${certificateHelp(url)}`,
    { cause: error },
  );
}

async function problemOf(response: Response, host: string): Promise<AttuneError> {
  const { error } = (await response.json().catch(() => ({}))) as ErrorBody;
  const said = error?.message ?? `status ${response.status}`;
  switch (response.status) {
    case 401:
      return new AttuneError('companion/token-refused', `${host} refused the token.`, 'Pair with the node again.');
    case 404:
      return new AttuneError('companion/not-found', `${host} has it no more: ${said}`, 'Look at the list of the node.');
    case 409:
      if (error?.code !== 'busy') break;
      return new AttuneError('companion/busy', `${host} is at work: ${said}`, 'Wait until it is free.');
    case 504:
      return new AttuneError('companion/too-slow', `${host}: ${said}`, 'Choose smaller batches or shorter texts.');
  }
  const wayOut = WAYS_OUT[response.status] ?? 'Change what it names, and try again.';
  if (response.status >= 500) return new AttuneError('companion/unable', `${host} could not do it: ${said}`, wayOut);
  return new AttuneError('companion/refused', `${host} refused: ${said}`, wayOut);
}

/** Where the request itself is right. */
const WAYS_OUT: Partial<Record<number, string>> = {
  413: 'Send fewer questions, or start the node with a larger --max-file.',
  429: 'Wait until the node has done some of its work, and try again.',
  500: 'Look at the log of the node, and try again.',
  502: 'Look whether the node behind this address runs, and try again.',
  503: 'Wait half a minute, and try again.',
  507: 'Delete what is no longer needed on the node, rows and tuned models, or give it more room, and try again.',
};
