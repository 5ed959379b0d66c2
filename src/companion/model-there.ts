import { AttuneError } from '../errors/attune-error.ts';
import type { NodeClient } from './client.ts';

/**
 * The node's own name of the model with these weights.
 *
 * @param sha256 of the weights here
 * @throws AttuneError `companion/no-model`
 */
export async function modelThere(
  client: Pick<NodeClient, 'models'>,
  sha256: string,
  { model, node }: { model: string; node: string },
  signal?: AbortSignal,
): Promise<string> {
  const found = (await client.models(signal)).find(({ base, sha256: there }) => base === null && there === sha256);
  if (found) return found.id;
  throw new AttuneError(
    'companion/no-model',
    `${node} has no model with the weights of ${model}.`,
    'Copy its folder from this app’s models to the node’s folder of models (flag --models), and try again.',
  );
}
