import { keepAdapter } from '../../src/adapters/keep.ts';
import { modelShape } from '../../src/adapters/model-shape.ts';
import { openModel } from '../../src/models/catalogue.ts';
import { database } from '../../src/storage/database.ts';
import { opfsFolders } from '../../src/storage/folders.ts';
import type { AdapterRow } from '../../src/storage/schema.ts';
import { randomAdapter } from './adapters.ts';

/** Files an untrained adapter of a starter model as training does, in this page's database and OPFS. */
export async function keepForTest(
  task: 'embedder' | 'reranker' | 'generator',
  modelId: string,
  options: { seed?: number; size?: number } = {},
): Promise<AdapterRow> {
  const files = await openModel(modelId);
  const { modules, full } = await modelShape(files, task);
  const adapter = randomAdapter(modules, { ...options, ...(full?.[0] && { head: full[0] }) });
  return keepAdapter(database(), opfsFolders, { kind: 'lora', adapter }, files.description, {
    workspaceId: null,
    name: `Untrained ${task}`,
    description: '',
    task,
    scores: [],
    source: 'made by a test',
  });
}
