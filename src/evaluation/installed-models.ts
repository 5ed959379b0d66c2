import { findAdapter } from '../adapters/catalogue.ts';
import type { AdapterDescription } from '../adapters/contract.ts';
import { openModel } from '../models/catalogue.ts';
import type { ModelDescription } from '../models/contract.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { PipelineModel } from '../storage/schema.ts';
import type { DescribedModel, ModelSource, PipelineRole } from './matrix/models.ts';

/** What loads models, and where they would run. */
export interface ModelLoaders extends Omit<ModelSource, 'describe'> {
  /** Kind of device, by which weights are held in another form: "wasm", "webgpu". */
  deviceOf: (role: PipelineRole, modelId: string) => Promise<string>;
}

interface Catalogue {
  model(id: string): Promise<Pick<ModelDescription, 'name' | 'files'>>;
  adapter(id: string): Promise<AdapterDescription>;
  endpoint(id: string): Promise<{ name: string; baseUrl: string; model: string } | undefined>;
}

/** The models of the app. */
export function installedModels(db: AttuneDatabase, loaders: ModelLoaders): ModelSource {
  return modelSource(loaders, {
    model: async (id) => (await openModel(id)).description,
    adapter: findAdapter,
    endpoint: (id) => db.endpoints.get(id),
  });
}

/** Models of a catalogue: the app's, or another one in Node. */
export function modelSource({ deviceOf, ...loaders }: ModelLoaders, catalogue: Catalogue): ModelSource {
  const describe = async (model: PipelineModel, role: PipelineRole): Promise<DescribedModel> => {
    const adapter = model.adapterId ? await catalogue.adapter(model.adapterId) : undefined;
    const { identity, name } = await base(model);
    // int8 on the processor and float32 on a GPU are not the same model.
    const device = role !== 'generator' && model.engine === 'endpoint' ? '' : await deviceOf(role, model.modelId);
    return {
      identity: [identity, device, adapter && [adapter.sha256, adapter.recipe ?? null]]
        .map((part) => JSON.stringify(part ?? null))
        .join(' '),
      name: adapter ? `${name} with ${adapter.name}` : name,
      ...(adapter && { adapter }),
    };
  };
  const base = async ({ engine = 'local', modelId }: PipelineModel) => {
    if (engine === 'endpoint') {
      const endpoint = await catalogue.endpoint(modelId);
      return { identity: ['endpoint', endpoint?.baseUrl, endpoint?.model], name: endpoint?.name ?? modelId };
    }
    if (engine === 'webllm') return { identity: [engine, modelId], name: modelId };
    const { name, files } = await catalogue.model(modelId);
    return { identity: [engine, ...files.map(({ sha256 }) => sha256)], name };
  };
  return { ...loaders, describe };
}
