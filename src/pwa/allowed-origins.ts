import { AttuneError } from '../errors/attune-error.ts';

/**
 * The list of origins that the app may connect to besides its own. Screens write it, the service worker reads it when
 * it answers with a page or a worker script. Cache Storage is the one store that both reach without a database.
 */
const ALLOWED_ORIGINS_CACHE = 'attune-config';
const ALLOWED_ORIGINS_KEY = '/attune-config/allowed-origins';

/**
 * The origin of an address, as a policy source.
 *
 * @throws AttuneError `origin/invalid` when it is no http(s) address; what is not a plain origin must never get into a
 *   policy, where a semicolon would end a directive.
 */
export function policyOrigin(address: string): string {
  let url: URL | undefined;
  try {
    url = new URL(address);
  } catch {
    // Falls through to the one error below.
  }
  if (!url || !/^https?:$/.test(url.protocol) || /[^\w.:[\]/-]/.test(url.origin)) {
    throw new AttuneError(
      'origin/invalid',
      `"${address}" is not an address that Attune can connect to.`,
      'Enter one that starts with http:// or https://, such as http://localhost:11434/v1.',
    );
  }
  return url.origin;
}

/** The origins switched on by the person, sorted; empty on a fresh machine. */
export async function readAllowedOrigins(): Promise<string[]> {
  const stored = await (await caches.open(ALLOWED_ORIGINS_CACHE)).match(ALLOWED_ORIGINS_KEY);
  return stored ? ((await stored.json()) as string[]) : [];
}

/**
 * Replaces the list.
 *
 * @param addresses full addresses or origins, in any order
 * @returns true when a page that is open needs a reload for the list to be in force: a policy is fixed when a page
 *   loads, and so is that of a worker
 * @throws AttuneError `origin/invalid`
 */
export async function setAllowedOrigins(addresses: string[]): Promise<boolean> {
  const origins = [...new Set(addresses.map(policyOrigin))].sort();
  const before = await readAllowedOrigins();
  if (before.join() === origins.join()) return false;
  const body = new Response(JSON.stringify(origins), { headers: { 'Content-Type': 'application/json' } });
  await (await caches.open(ALLOWED_ORIGINS_CACHE)).put(ALLOWED_ORIGINS_KEY, body);
  return true;
}
