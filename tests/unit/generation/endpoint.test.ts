import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLoopback, normalizeBaseUrl } from '../../../src/generation/endpoint/address.ts';
import { EndpointEngine } from '../../../src/generation/endpoint/endpoint-engine.ts';
import { describeEndpoint } from '../../support/endpoint-behaviour.ts';
import { OpenAiServer } from '../../support/openai-server.ts';

const server = new OpenAiServer();
let url = '';
let closedUrl = '';

beforeAll(async () => {
  url = await server.start();
  const closed = new OpenAiServer();
  closedUrl = await closed.start();
  await closed.stop();
});
afterAll(() => server.stop());

describe('an endpoint engine in Node', () => {
  describeEndpoint({ url: () => url, unreachableUrl: () => closedUrl, untilAbandoned: () => server.untilAbandoned() });

  test('only parameters of the standard are sent, and the key only in its header', async () => {
    const engine = new EndpointEngine('e1', 'Test', { baseUrl: url, model: 'echo', apiKey: 'k' });
    const options = { maxNewTokens: 9, temperature: 0.5, topP: 0.9, topK: 3, repetitionPenalty: 1.2, seed: 4 };
    for await (const piece of engine.stream([{ role: 'user', content: 'hi' }], options, new AbortController().signal))
      void piece;
    const request = server.requests.at(-1)!;
    expect(Object.keys(request.body!).sort()).toEqual(
      ['max_tokens', 'messages', 'model', 'seed', 'stream', 'stream_options', 'temperature', 'top_p'].sort(),
    );
    expect(request.authorization).toBe('Bearer k');
    expect(JSON.stringify(request.body)).not.toContain('"k"');
  });

  test('a reply’s schema is sent as the standard has it; a server that refuses it is asked in words, and not twice', async () => {
    const json = { type: 'object', properties: { grade: { type: 'integer' } }, required: ['grade'] };
    const options = { maxNewTokens: 9, temperature: 0, topP: 1, topK: 1, repetitionPenalty: 1, json };
    const said = async (engine: EndpointEngine) => {
      let text = '';
      const turns = [{ role: 'user' as const, content: 'how good' }];
      for await (const piece of engine.stream(turns, options, new AbortController().signal)) text += piece.text;
      return text;
    };
    expect(await said(new EndpointEngine('e1', 'Test', { baseUrl: url, model: 'echo' }))).toBe('how good');
    expect(server.requests.at(-1)!.body!['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'reply', schema: json },
    });
    const plain = new EndpointEngine('e2', 'Test', { baseUrl: url, model: 'plain' });
    const before = server.requests.length;
    expect(await said(plain)).toBe('how good');
    expect(await said(plain)).toBe('how good');
    const formats = server.requests.slice(before).map(({ body }) => body!['response_format'] !== undefined);
    expect(formats).toEqual([true, false, false]);
  });
});

test.each([
  ['http://localhost:11434', 'http://localhost:11434/v1'],
  ['localhost:11434', 'http://localhost:11434/v1'],
  ['https://example.com/v1/', 'https://example.com/v1'],
  ['example.com/api/v1/chat/completions', 'https://example.com/api/v1'],
  [' http://127.0.0.1:8080/v1/models ', 'http://127.0.0.1:8080/v1'],
  ['https://user:secret@example.com/v1?x=1#y', 'https://example.com/v1'],
])('the address %s is understood as %s', (typed, expected) => expect(normalizeBaseUrl(typed)).toBe(expected));

test.each(['', 'not an address', 'ftp://example.com', 'javascript:alert(1)', 'http://'])(
  'the address "%s" is refused',
  (typed) => {
    expect(() => normalizeBaseUrl(typed)).toThrowError(expect.objectContaining({ code: 'endpoint/bad-address' }));
  },
);

test.each([
  ['http://localhost:11434/v1', false],
  ['http://127.0.0.5/v1', false],
  ['http://[::1]:80/v1', false],
  ['http://127.0.0.1.example.com/v1', true],
  ['http://192.168.1.4/v1', true],
  ['https://localhost.example.com/v1', true],
])('text to %s leaves this machine: %s', (baseUrl, leaves) => {
  expect(isLoopback(baseUrl)).toBe(!leaves);
  expect(new EndpointEngine('e', 'n', { baseUrl, model: 'm' }).info.leavesMachine).toBe(leaves);
});
