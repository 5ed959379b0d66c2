import { beforeEach, expect, it } from 'vitest';
import { adapters } from '../../../src/adapters/client.ts';
import { keepAdapter } from '../../../src/adapters/keep.ts';
import { loadAdapter } from '../../../src/adapters/load.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { createLoraParameters } from '../../../src/engine/training/lora-parameters.ts';
import { seededRandom } from '../../../src/engine/training/random.ts';
import { openModel } from '../../../src/models/catalogue.ts';
import { readArchive } from '../../../src/ingest/archive/zip.ts';
import { database } from '../../../src/storage/database.ts';
import { opfsFolders } from '../../../src/storage/folders.ts';
import type { AdapterRow } from '../../../src/storage/schema.ts';

const MODEL = 'all-MiniLM-L6-v2';

beforeEach(async () => {
  await database().adapters.clear();
  await database().workspaces.clear();
  await opfsFolders.removeFolder('adapters');
});

/** An adapter of the starter embedder with made-up numbers, filed as a run does it. */
async function kept(): Promise<AdapterRow> {
  const model = await openModel(MODEL);
  const config = parseBertConfig(await model.json('config.json'), MODEL);
  const targets = ['attention.self.query', 'output.dense'];
  const settings = { rank: 2, alpha: 4, rankStabilised: false, dropout: 0, targets };
  const { adapter } = createLoraParameters(bertModules(config), settings, 1);
  const random = seededRandom(9);
  for (const { b } of adapter.pairs.values()) b.forEach((_, i) => (b[i] = 0.1 * (random() - 0.5)));
  return keepAdapter(database(), opfsFolders, { kind: 'lora', adapter, denseWeight: 0.95 }, model.description, {
    workspaceId: 'w',
    name: 'Legal search',
    description: 'Tuned on questions.',
    task: 'embedder',
    scores: [{ name: 'MRR@10', base: 0.5, tuned: 0.75 }],
    source: 'trained here',
    runId: 'run',
  });
}

const pairsOf = async (id: string) => {
  const { tuned } = await loadAdapter(id);
  if (tuned.kind !== 'lora') throw new Error('a low-rank adapter was expected');
  return [...tuned.adapter.pairs].map(([path, { a, b }]) => [path, [...a], [...b]]);
};

it('an adapter leaves as a PEFT zip and comes back the same, card and all', async () => {
  const row = await kept();
  const { name, blob } = await adapters.export(row.id, 'peft-zip');
  expect(name).toBe('Legal-search.zip');
  const back = await adapters.import([{ path: name, blob }], MODEL);
  expect(back).toMatchObject({
    name: 'Legal search',
    description: 'Tuned on questions.',
    task: 'embedder',
    rank: 2,
    alpha: 4,
    targets: ['attention.self.query', 'output.dense'],
    scores: row.scores,
    denseWeight: 0.95,
    source: 'imported from Legal-search.zip',
    baseLicence: 'Apache-2.0',
    starter: false,
  });
  expect(await pairsOf(back.id)).toEqual(await pairsOf(row.id));
  expect((await loadAdapter(back.id)).tuned.denseWeight).toBe(0.95);
  expect((await adapters.list('embedder')).map(({ id }) => id)).toEqual(expect.arrayContaining([back.id, row.id]));
  const files: string[] = [];
  for await (const entry of readArchive(blob, name)) files.push(entry.path);
  expect(files.sort()).toEqual([
    'Legal-search/adapter_config.json',
    'Legal-search/adapter_model.safetensors',
    'Legal-search/card.json',
  ]);
});

it('an import says which model or tensor does not fit, and what is missing', async () => {
  const row = await kept();
  const file = async (path: string) => ({ path, blob: (await opfsFolders.read(`adapters/${row.id}`, path))! });
  const config = await file('adapter_config.json');
  const weights = await file('adapter_model.safetensors');
  await expect(adapters.import([config, weights], 'SmolLM2-135M-Instruct-Q4_1')).rejects.toMatchObject({
    code: 'adapters/wrong-model',
    message: expect.stringContaining('SmolLM2') as string,
  });
  await expect(adapters.import([config], MODEL)).rejects.toMatchObject({
    code: 'adapters/incomplete',
    message: expect.stringContaining('adapter_model.safetensors') as string,
  });
  await expect(adapters.import([weights], MODEL)).rejects.toMatchObject({ code: 'adapters/incomplete' });
  const changed = new Blob([(await config.blob.text()).replace('"r": 2', '"r": 3')]);
  const ranks = { path: config.path, blob: changed };
  await expect(adapters.import([ranks, weights], MODEL)).rejects.toMatchObject({
    code: 'adapters/wrong-shape',
    message: expect.stringContaining('expected was [3, 384]') as string,
  });
  expect(await database().adapters.count()).toBe(1);
});

it('an adapter leaves merged into full weights and as a GGUF file', async () => {
  const row = await kept();
  const merged = await adapters.export(row.id, 'merged-safetensors');
  for await (const entry of readArchive(merged.blob, merged.name)) {
    if (!entry.path.endsWith('model.safetensors')) continue;
    const file = await SafetensorsFile.open(await entry.blob(), 'merged');
    const name = [...file.tensors.keys()].find((key) => key.endsWith('layer.0.attention.self.query.weight'))!;
    expect(file.entry(name)).toMatchObject({ dtype: 'F16', shape: [384, 384] });
    const model = await openModel(MODEL);
    const weightFile = model.description.files.find((known) => known.name.endsWith('.safetensors'))!.name;
    const base = await (await SafetensorsFile.open(await model.blob(weightFile), weightFile)).float32(name);
    const [, a, b] = (await pairsOf(row.id))[0] as [string, number[], number[]];
    // W + alpha/rank · B·A, for the first number: rows of A are 384 long, those of B 2.
    const expected = base[0]! + 2 * (b[0]! * a[0]! + b[1]! * a[384]!);
    expect((await file.float32(name))[0]).toBeCloseTo(expected, 3);
  }
  const gguf = await adapters.export(row.id, 'gguf-lora');
  expect(gguf.name).toBe('Legal-search.gguf');
  expect(await gguf.blob.slice(0, 4).text()).toBe('GGUF');
});

it('an adapter is renamed, and deleted wherever it is switched on', async () => {
  const row = await kept();
  await adapters.rename(row.id, 'Court search', 'For judgments.');
  const [listed] = (await adapters.list()).filter(({ starter }) => !starter);
  expect(listed).toMatchObject({ name: 'Court search', description: 'For judgments.' });
  const card = await opfsFolders.read(`adapters/${row.id}`, 'card.json');
  expect(JSON.parse(await card!.text())).toMatchObject({ name: 'Court search' });
  await database().workspaces.add({
    id: 'w',
    name: 'W',
    createdAt: 1,
    updatedAt: 1,
    settings: { adapters: { embedder: row.id, generator: null } },
  });
  await adapters.remove(row.id);
  expect((await database().workspaces.get('w'))!.settings).toEqual({ adapters: { generator: null } });
  expect(await opfsFolders.list(`adapters/${row.id}`)).toEqual([]);
  await expect(loadAdapter(row.id)).rejects.toMatchObject({ code: 'adapters/unknown' });
});
