/**
 * The app's own client through a whole job against a running node: what is sent, progress, the adapter, the same vectors
 * there and here, and deletion. Run by tests/test_node_client.py with address, token, the rows as JSON, and the folder of
 * the node's models.
 */
import assert from 'node:assert/strict';
import { CompanionClient } from '../../../src/companion/client.ts';
import type { CompanionEvent } from '../../../src/companion/contract.ts';
import { readPairing } from '../../../src/companion/pairing.ts';
import { fetchEmbeddings } from '../../../src/generation/endpoint/embeddings.ts';
import { shipment } from '../../../src/companion/rows.ts';
import type { ExampleRow } from '../../../src/storage/schema.ts';
import { tabVectors } from './tab-vectors.ts';

const [address = '', token = '', json = '[]', models = ''] = process.argv.slice(2);
const client = new CompanionClient(readPairing(address, token));
const rows = JSON.parse(json) as ExampleRow[];

assert.equal((await client.system()).ready, true);
const base = (await client.models()).find(({ id }) => id === 'tiny-bert')!;
const sent = shipment(rows);
const file = await client.send(sent, 'run-1.jsonl');
assert.ok((await client.files()).some(({ id, filename }) => id === file && filename === 'run-1.jsonl'));
const settings = { steps: 4, batchSize: 4, maxTokens: 64, checkpointEvery: 2 };
const shape = { rows: sent.rows, validation_rows: 6, characters: { question: 40, answer: 5, passage: 50 } };
const expected = await client.estimate({ task: 'embedder', model: base.id, settings, seed: 3 }, shape);
assert.equal(expected.steps, settings.steps);
assert.ok(expected.fits && expected.seconds! > 0 && expected.memory_bytes! > 0);
const started = await client.start(
  { task: 'embedder', model: base.id, settings, seed: 3, suffix: 'app' },
  file,
  'run-1',
);
assert.deepEqual((await client.jobs()).find(({ id }) => id === started.id)?.metadata, { run: 'run-1' });

const events: CompanionEvent[] = [];
// A tab that closes after two events and comes back later.
for await (const event of client.follow(started.id)) if (events.push(event) === 2) break;
for await (const event of client.follow(started.id, events[1]!.id)) events.push(event);
assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
const steps = events.flatMap(({ data }) => (data && 'train_loss' in data ? [data.step] : []));
assert.deepEqual(steps, [1, 2, 3, 4]);

const job = await client.job(started.id);
assert.equal(job.status, 'succeeded');
await assert.rejects(client.adapter(job.fine_tuned_model!, 'other'), { code: 'companion/other-base' });
const zip = await client.adapter(job.fine_tuned_model!, base.sha256!);
assert.ok(zip.size > 1000 && zip.name.endsWith('.zip'));

// As the search models of a workspace: the base and its adapter, by name.
const texts = ['How long does a rotation last?', 'One week.'];
const embed = async (model: string) => {
  const open = async () => ({ baseUrl: `${address}/v1`, model, apiKey: token });
  return fetchEmbeddings(open, texts, { pauses: [], timeout: 60_000 });
};
const [plain, tuned] = [await embed(base.id), await embed(job.fine_tuned_model!)];
assert.deepEqual([plain.length, tuned.length, plain[0]!.length], [2, 2, tuned[0]!.length]);
for (const vector of [...plain, ...tuned]) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
assert.notDeepEqual(plain[0], tuned[0]);

// The adapter means the same on both sides: the same weights, merged there and fed in here.
const here = await tabVectors(`${models}/${base.id}`, zip, texts);
const farthest = (a: ArrayLike<number>[], b: number[][]) =>
  Math.max(...b.map((row, i) => 1 - row.reduce((sum, value, d) => sum + value * a[i]![d]!, 0)));
// Rounding of float32; an adapter that one side ignored would be a hundred times as far away.
assert.ok(farthest(plain, here.plain) < 1e-6 && farthest(tuned, here.tuned) < 1e-6);
assert.ok(farthest(tuned, here.plain) > 1e-5);

await client.removeFile(file);
await client.removeModel(job.fine_tuned_model!);
assert.ok(!(await client.models()).some(({ id }) => id === job.fine_tuned_model));
await assert.rejects(client.job('none'), { code: 'companion/not-found' });
await assert.rejects(new CompanionClient({ url: address, token: 'wrong' }).system(), {
  code: 'companion/token-refused',
});
