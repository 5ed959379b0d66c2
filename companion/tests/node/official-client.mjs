/**
 * The official Node client, as it comes, through a whole job: upload, job, events, checkpoints, answers, deletion.
 * Run by tests/test_node_client.py with the address and the token of a running node.
 */
import assert from 'node:assert/strict';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, toFile } from 'openai';

const [baseURL, apiKey, rows] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });

const models = (await client.models.list()).data.map(({ id }) => id);
assert.ok(models.includes('tiny-llama'));
await assert.rejects(new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 }).models.list(), AuthenticationError);

const file = await client.files.create({ file: await toFile(Buffer.from(rows), 'rows.jsonl'), purpose: 'fine-tune' });
assert.equal(file.status, 'processed');
assert.equal(await (await client.files.content(file.id)).text(), rows);
const broken = await client.files.create({
  file: await toFile(Buffer.from('{'), 'broken.jsonl'),
  purpose: 'fine-tune',
});
await assert.rejects(
  client.fineTuning.jobs.create({ model: 'tiny-llama', training_file: broken.id }),
  (error) => error instanceof BadRequestError && /Row 1 /.test(error.message),
);

const hyperparameters = { steps: 4, batch_size: 4, checkpointEvery: 2, maxTokens: 64 };
const created = await client.fineTuning.jobs.create({
  model: 'tiny-llama',
  training_file: file.id,
  suffix: 'node',
  method: { type: 'supervised', supervised: { hyperparameters } },
});
let job = created;
const deadline = Date.now() + 240_000;
while (!['succeeded', 'failed', 'cancelled'].includes(job.status)) {
  assert.ok(Date.now() < deadline, 'the job did not end');
  job = await client.fineTuning.jobs.retrieve(created.id);
}
assert.equal(job.status, 'succeeded', JSON.stringify(job.error));
const steps = [];
for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 2 })) {
  if (event.type === 'metrics' && 'train_loss' in event.data) steps.push(event.data.step);
}
assert.deepEqual(steps, [4, 3, 2, 1]);
const checkpoints = await client.fineTuning.jobs.checkpoints.list(job.id);
assert.deepEqual(
  checkpoints.data.map((point) => point.step_number),
  [4, 2],
);

const stream = await client.chat.completions.create({
  model: job.fine_tuned_model,
  messages: [{ role: 'user', content: 'Say cat' }],
  temperature: 0,
  max_tokens: 8,
  stream: true,
});
let finish = null;
for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
assert.ok(finish === 'stop' || finish === 'length');
const { data } = await client.embeddings.create({ model: 'tiny-bert', input: ['an owl', 'a tree'] });
assert.equal(data.length, 2);
assert.ok(Math.abs(Math.hypot(...data[0].embedding) - 1) < 1e-5);

for (const id of [file.id, broken.id]) assert.ok((await client.files.delete(id)).deleted);
await client.models.delete(job.fine_tuned_model);
await assert.rejects(client.models.retrieve(job.fine_tuned_model), NotFoundError);
