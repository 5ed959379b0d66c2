import { AttuneError } from '../errors/attune-error.ts';
import type { CompanionConnection } from './contract.ts';

/**
 * Reads what people paste: the node's pairing link, or its address with the token beside it.
 *
 * @throws AttuneError `companion/bad-address`, `companion/no-token`
 */
export function readPairing(pasted: string, token = ''): CompanionConnection {
  const link = /[?&]companion=([^&\s]+)(?:&token=([^&\s]+))?/.exec(pasted);
  const address = link ? decodeURIComponent(link[1]!) : pasted.trim();
  const secret = (link?.[2] ? decodeURIComponent(link[2]) : token).trim();
  let url: URL;
  try {
    url = new URL(/^https?:\/\//i.test(address) ? address : `http://${address}`);
  } catch {
    throw badAddress(address);
  }
  if (url.hostname === '' || url.username !== '' || url.password !== '') throw badAddress(address);
  if (secret === '') {
    throw new AttuneError(
      'companion/no-token',
      `The token of ${url.host} is missing.`,
      'Copy the pairing link or the token that the node shows when it starts.',
    );
  }
  return { url: url.origin, token: secret };
}

function badAddress(address: string): AttuneError {
  return new AttuneError(
    'companion/bad-address',
    `“${address}” is not the address of a node.`,
    'Use the pairing link that the node shows, or an address such as http://127.0.0.1:8700.',
  );
}
