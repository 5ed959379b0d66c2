import { AttuneError } from '../errors/attune-error.ts';
import type { ModelDescription } from '../models/contract.ts';
import type { ModelRole } from '../storage/schema.ts';
import type { DemoServices } from './services.ts';

/** The models that the demonstration starts from: the first of each role whose weights can be tuned. */
export async function baseModels({
  models,
}: Pick<DemoServices, 'models'>): Promise<Record<'embedder' | 'generator', ModelDescription>> {
  const all = await models();
  const first = (role: ModelRole) => {
    const model = all.find(({ role: own, format }) => own === role && (format === 'gguf' || format === 'safetensors'));
    if (model) return model;
    throw new AttuneError(
      'demo/no-model',
      `There is no ${role === 'embedder' ? 'search' : 'answer'} model that can be tuned.`,
      'Run the set-up again to fetch the starter models, or add one under Models.',
    );
  };
  return { embedder: first('embedder'), generator: first('generator') };
}
