import { AttuneError } from '../../errors/attune-error.ts';

/**
 * Brings an address as people paste it into the form that ends before `/chat/completions`.
 *
 * @returns an http(s) URL without trailing slash, query, fragment and credentials; `/v1` is added to a bare host, where
 *   every common server has it.
 * @throws AttuneError `endpoint/bad-address`.
 */
export function normalizeBaseUrl(address: string): string {
  const typed = address.trim();
  let url: URL;
  try {
    url = new URL(
      /^https?:\/\//i.test(typed) ? typed : `${isLoopbackHost(hostOf(typed)) ? 'http' : 'https'}://${typed}`,
    );
  } catch {
    throw badAddress(address);
  }
  if (
    typed === '' ||
    !/^https?:$/.test(url.protocol) ||
    /^[a-z][a-z\d+.-]*:\/\//i.test(typed) !== /^https?:\/\//i.test(typed)
  ) {
    throw badAddress(address);
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/(chat\/)?completions$|\/models$/, '');
  return `${url.origin}${path === '' ? '/v1' : path}`;
}

/** True when the address is this computer itself, so that nothing that is sent to it leaves the machine. */
export function isLoopback(baseUrl: string): boolean {
  return isLoopbackHost(new URL(baseUrl).hostname);
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function hostOf(typed: string): string {
  return /^(\[[^\]]*\]|[^/:?#]*)/.exec(typed)![0].toLowerCase();
}

function badAddress(address: string): AttuneError {
  return new AttuneError(
    'endpoint/bad-address',
    `"${address}" is not the address of a server.`,
    'Use one such as http://localhost:11434/v1 (Ollama) or https://example.com/v1.',
  );
}
