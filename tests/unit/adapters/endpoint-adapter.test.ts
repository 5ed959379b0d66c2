import 'fake-indexeddb/auto';
import { expect, it, onTestFinished } from 'vitest';
import type { TunedAdapter } from '../../../src/adapters/adapter-files.ts';
import { adapterBase } from '../../../src/adapters/base.ts';
import { describeAdapter } from '../../../src/adapters/catalogue.ts';
import { exportAdapter } from '../../../src/adapters/export.ts';
import { readImport } from '../../../src/adapters/import.ts';
import { keepAdapter } from '../../../src/adapters/keep.ts';
import { AttuneDatabase } from '../../../src/storage/database.ts';
import { MemoryFolders } from '../../support/memory-folders.ts';

const tuned: TunedAdapter = {
  kind: 'linear',
  adapter: { dimensions: 2, sides: 'queries', rank: 0, a: new Float32Array(), b: Float32Array.of(0.5, 1, -1, 2) },
};
const file = (part: Blob | string, path: string) => ({ path, blob: new Blob([part]) });
const noModel = () => Promise.reject(new Error('There is no model of an endpoint on this machine.'));

it('a linear adapter of an endpoint is carried in a zip, without a model on either machine', async () => {
  const db = new AttuneDatabase('endpoint-adapter-test');
  onTestFinished(() => db.delete());
  const endpoint = { id: 'e', name: 'Box', baseUrl: 'http://box.example/v1', model: 'words', enabled: false } as const;
  await db.endpoints.add({ ...endpoint, role: 'embedder' });
  const base = await adapterBase('e', db);
  expect(base).toMatchObject({ id: 'e', name: 'words on box.example', role: 'embedder', host: 'box.example' });
  const card = { workspaceId: 'w', name: 'Mine', description: 'Of mine', scores: [], source: 'test' };
  const row = await keepAdapter(db, new MemoryFolders(), tuned, base, { ...card, task: 'linear' });

  const { name, blob } = await exportAdapter(describeAdapter(row), tuned, noModel, 'peft-zip');
  const brought = await readImport([file(blob, name)], undefined);
  expect(brought).toMatchObject({ task: 'linear', card: { name: 'Mine', description: 'Of mine' } });
  expect(brought.tuned).toEqual(tuned);
});

it('an adapter of layers is refused for an endpoint, with the way out', async () => {
  const json = JSON.stringify({ peft_type: 'LORA' });
  await expect(
    readImport([file(json, 'adapter_config.json'), file(json, 'adapter_model.safetensors')], undefined),
  ).rejects.toMatchObject({ code: 'adapters/wrong-model', wayOut: expect.stringContaining('linear adapter') });
});
