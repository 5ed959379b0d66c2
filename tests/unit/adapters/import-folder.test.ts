import { expect, it } from 'vitest';
import { filesOfAdapter } from '../../../src/adapters/import-folder.ts';

const files = (...paths: string[]) => paths.map((path) => ({ path, blob: new Blob([path]) }));

it('takes the adapter of a trainer’s folder, and nothing of its checkpoints', async () => {
  const folder = await filesOfAdapter(
    files(
      'run/checkpoint-10/adapter_config.json',
      'run/checkpoint-10/adapter_model.safetensors',
      'run/adapter_config.json',
      'run/adapter_model.safetensors',
      'run/checkpoint-20/adapter_model.safetensors',
    ),
  );
  expect(folder.name).toBe('run');
  const texts = await Promise.all([...folder.files.values()].map((blob) => blob.text()));
  expect(texts).toEqual(['run/adapter_config.json', 'run/adapter_model.safetensors']);
});

it('takes files that were chosen one by one', async () => {
  const folder = await filesOfAdapter(files('adapter_config.json', 'adapter_model.safetensors'));
  expect([...folder.files.keys()]).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
});

it('asks which one where several lie side by side', async () => {
  const both = files('runs/a/adapter_config.json', 'runs/b/adapter_config.json');
  await expect(filesOfAdapter(both)).rejects.toMatchObject({
    code: 'adapters/several',
    message: 'runs holds several adapters: runs/a, runs/b.',
  });
});

it('reads no pickle, and says how to save without one', async () => {
  const pickled = files('run/adapter_config.json', 'run/adapter_model.bin');
  await expect(filesOfAdapter(pickled)).rejects.toMatchObject({
    code: 'adapters/pickle',
    wayOut: expect.stringContaining('safe_serialization'),
  });
});
