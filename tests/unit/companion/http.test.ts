import { expect, it, onTestFinished, vi } from 'vitest';
import { request } from '../../../src/companion/http.ts';

/** Asks a node that answers like this. @returns the problem */
async function problemOf(answer: () => Response, url = 'https://gpu.lan:8700') {
  vi.stubGlobal('fetch', async () => answer());
  onTestFinished(() => void vi.unstubAllGlobals());
  return request({ url, token: 'secret' }, '/v1/system').catch((error: unknown) => error);
}

const answering = (status: number, code = 'x') =>
  problemOf(() => Response.json({ error: { message: 'Its own words.', code } }, { status }));

it.each([
  [400, 'Change what it names'],
  [413, 'Send fewer questions'],
  [429, 'Wait until the node has done some of its work'],
  [500, 'Look at the log of the node'],
  [503, 'Wait half a minute'],
  [507, 'Delete what is no longer needed on the node'],
])('an answer with status %i keeps the words of the node and says what helps', async (status, wayOut) => {
  expect(await answering(status)).toMatchObject({
    code: status < 500 ? 'companion/refused' : 'companion/unable',
    message: expect.stringMatching(/^gpu\.lan:8700 .*: Its own words\.$/) as string,
    wayOut: expect.stringContaining(wayOut) as string,
  });
});

it('a node with a certificate that is not trusted says how to accept it, and one without says nothing of it', async () => {
  const lost = () => {
    throw new TypeError('Failed to fetch');
  };
  expect(await problemOf(lost)).toMatchObject({
    code: 'companion/unreachable',
    wayOut: expect.stringMatching(/open https:\/\/gpu\.lan:8700 in a tab, compare .* fingerprint/) as string,
  });
  expect(await problemOf(lost, 'http://127.0.0.1:8700')).toMatchObject({
    wayOut: 'Check that it runs, and that it was started with --origin for this page.',
  });
});
