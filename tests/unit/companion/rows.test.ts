import { describe, expect, it } from 'vitest';
import { readPairing } from '../../../src/companion/pairing.ts';
import { shipment, shipmentOf } from '../../../src/companion/rows.ts';
import type { ExampleRow, TuningTask } from '../../../src/storage/schema.ts';

function row(change: Partial<ExampleRow> = {}): ExampleRow {
  return {
    ...{ id: 'r', datasetId: 'd', workspaceId: 'w', ordinal: 0, split: 'train', question: 'Where?', answer: 'Here' },
    ...{ passage: 'It is here.', headings: ['Places'], documentKey: 'secret/path.pdf', negatives: ['Not there.'] },
    ...change,
  };
}

describe('what is sent to a node', () => {
  it('is counted, and has no names of documents and nothing but what training reads', async () => {
    const rows = [row(), row({ question: 'When?', thought: 'private thought', chunkId: 'c' })];
    const sent = shipment(rows);
    expect(sent).toMatchObject({ rows: 2, passages: 2 });
    const text = await sent.file.text();
    expect(sent.bytes).toBe(new TextEncoder().encode(text).length);
    expect(text).not.toMatch(/secret|private/);
    const lines = text.trimEnd().split('\n');
    expect(JSON.parse(lines[0]!)).toEqual({
      ...{ question: 'Where?', answer: 'Here', document: 'd0', split: 'train' },
      ...{ passage: 'It is here.', headings: ['Places'], negatives: ['Not there.'] },
    });
  });

  it('has the reasons of rows where a run learns to give them first', async () => {
    const rows = (['train', 'train', 'validation'] as const).map((split, i) =>
      row({ id: `r${i}`, question: `Where is ${i}?`, split, thought: 'It says so.' }),
    );
    const text = (task: TuningTask, reasons: boolean) => shipmentOf({ task, settings: { reasons } }, rows).file.text();
    expect(await text('generator', true)).toContain('"thought":"It says so."');
    expect(await text('generator', false)).not.toContain('thought');
    expect(await text('embedder', true)).not.toContain('thought');
  });

  it('has neither passages nor reasons where a model learns to answer by heart', async () => {
    const rows = (['train', 'train', 'validation'] as const).map((split, i) =>
      row({ id: `r${i}`, question: `Where is ${i}?`, split, thought: 'It says so.' }),
    );
    const sent = shipmentOf({ task: 'generator', settings: { learns: 'closed-book', reasons: true } }, rows);
    expect(sent).toMatchObject({ rows: 3, passages: 0 });
    expect(await sent.file.text()).not.toMatch(/It is here|It says so|Not there/);
    // A search model has no such choice.
    expect(shipmentOf({ task: 'embedder', settings: { learns: 'closed-book' } }, rows).passages).toBe(2);
  });

  it('has no passages where the recipe needs none', async () => {
    const sent = shipment([row()], false);
    expect(sent.passages).toBe(0);
    expect(await sent.file.text()).not.toContain('It is here');
  });

  it('is what a run learns from and is judged by, and no row that it would leave out', async () => {
    const all = ['One?', 'Two?', 'Three?', 'Four?'].map((question, ordinal) => row({ question, ordinal }));
    const rows = [...all, row({ question: 'Held out?', split: 'validation' })];
    const run = { task: 'embedder', settings: { examplesLimit: 2 }, seed: 1 } as const;
    expect(shipmentOf({ ...run, settings: {} }, rows).rows).toBe(5);
    const sent = shipmentOf(run, rows);
    expect(sent.rows).toBe(3);
    expect(await sent.file.text()).toContain('Held out?');
  });

  it('never is a row of the test part', () => {
    expect(() => shipment([row(), row({ split: 'test' })])).toThrow('test part');
  });
});

describe('pairing', () => {
  it('reads the link that the node shows', () => {
    const link = 'http://localhost:4173/#/settings?companion=https%3A%2F%2Fgpu.lan%3A8700&token=abc_-1';
    expect(readPairing(link)).toEqual({ url: 'https://gpu.lan:8700', token: 'abc_-1' });
  });

  it('reads an address with the token beside it, with or without scheme and path', () => {
    for (const address of ['127.0.0.1:8700', ' http://127.0.0.1:8700/v1 ', 'HTTP://127.0.0.1:8700'])
      expect(readPairing(address, ' t ')).toEqual({ url: 'http://127.0.0.1:8700', token: 't' });
  });

  it.each([
    ['', 't', 'companion/bad-address'],
    ['http://', 't', 'companion/bad-address'],
    ['http://user:pass@host', 't', 'companion/bad-address'],
    ['host:8700', '', 'companion/no-token'],
  ])('refuses %j', (address, token, code) => {
    expect(() => readPairing(address, token)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
