import { AttuneError } from '../errors/attune-error.ts';
import type { ChatEngine, LoadProgress, ModelChoice } from './contract.ts';

/**
 * Loads the engine of a choice. Every implementation is a chunk of its own that is fetched when it is first used.
 *
 * @throws AttuneError of the engine; `generation/unknown-engine`
 */
export async function loadEngine(
  choice: ModelChoice,
  onProgress?: (progress: LoadProgress) => void,
): Promise<ChatEngine> {
  switch (choice.engine) {
    case 'local': {
      const { loadLocalEngine } = await import('./local/factory.ts');
      return loadLocalEngine(choice.modelId, onProgress);
    }
    case 'endpoint': {
      const { openEndpointEngine } = await import('./endpoint/endpoint-engine.ts');
      return openEndpointEngine(choice.modelId);
    }
    case 'transformers': {
      const { openTransformers } = await import('./transformers/transformers-engine.ts');
      return openTransformers(choice.modelId, onProgress);
    }
    case 'webllm': {
      const { openWebLlm } = await import('./webllm/factory.ts');
      return openWebLlm(choice.modelId, onProgress);
    }
    default:
      throw new AttuneError(
        'generation/unknown-engine',
        `The kind of model “${choice.engine}” is not known here.`,
        'Choose another answer model in Models.',
      );
  }
}
