import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { joinParameters } from '../../../src/engine/training/checkpoint.ts';
import { createLoraParameters } from '../../../src/engine/training/lora-parameters.ts';
import type { ModelFiles } from '../../../src/models/contract.ts';
import { adapterAlone } from '../../../src/training/adapter-alone.ts';
import { BERT_TARGETS, loraSettings } from '../../../src/training/options.ts';
import { trainingSettings } from '../../../src/training/settings.ts';

const { config: json } = JSON.parse(readFileSync('tests/fixtures/embedder/tiny-bert.json', 'utf8')) as {
  config: Record<string, unknown>;
};
const config = parseBertConfig(json, 'tiny-bert');
const files = { description: { name: 'tiny-bert' }, json: async () => json } as unknown as ModelFiles;
const settings = { rank: 2, targets: 'query-value' };
const run = { task: 'reranker', modelId: 'tiny-bert', settings, seed: 1 } as const;

/** Made as the trainer of a ranking model makes them, and trained for a while. */
function trained() {
  const lora = loraSettings(trainingSettings('reranker', settings), BERT_TARGETS);
  const head = { path: 'classifier', inFeatures: config.hiddenSize, outFeatures: 1 };
  const parameters = createLoraParameters(bertModules(config, 'bert.'), lora, 7, [head]);
  let next = 0;
  for (const { data } of parameters.parameters) data.forEach((_, i) => (data[i] = next++));
  return parameters;
}

const checkpointOf = (parameters: Float32Array<ArrayBuffer>) => ({
  ...{ step: 4, validations: [], parameters: parameters.map(() => 0), best: { step: 2, score: 1, parameters } },
  ...{ firstMoments: new Float32Array(0), secondMoments: new Float32Array(0) },
});

it('an adapter is made of the best step of a checkpoint, with nothing but the settings and the shape of the model', async () => {
  const { adapter, parameters } = trained();
  const made = await adapterAlone(run, checkpointOf(joinParameters(parameters)), async () => files);
  expect(made).toEqual({ kind: 'lora', adapter });
});

it('a checkpoint of another model is refused', async () => {
  const foreign = checkpointOf(new Float32Array(12));
  await expect(adapterAlone(run, foreign, async () => files)).rejects.toMatchObject({
    code: 'training/other-checkpoint',
  });
});
