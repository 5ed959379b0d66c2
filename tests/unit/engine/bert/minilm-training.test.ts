import { openAsBlob, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SafetensorsFile } from '../../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../../src/engine/models/bert/modules.ts';
import { createEmbedderTrainer } from '../../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, readBertWeights } from '../../../../src/engine/models/bert/weights.ts';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { formulaAdapter } from '../../../support/training-suites/golden.ts';

interface Golden {
  rank: number;
  alpha: number;
  amplitude: number;
  loss: number;
  gradients: Record<string, { norm: number; first: number[] }>;
}

const folder = 'public/models/all-MiniLM-L6-v2';
const read = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T;
const golden = read<Golden>('tests/fixtures/training/minilm.json');
const { rows } = read<{ rows: { ids: number[] }[] }>('tests/fixtures/embedder/minilm.json');
const texts = rows.map(({ ids }) => ids.slice(0, 24));

const config = parseBertConfig(read(`${folder}/config.json`), 'MiniLM');
const weights = await readBertWeights(
  await SafetensorsFile.open(await openAsBlob(`${folder}/model.fp16.safetensors`), 'MiniLM'),
  config,
);
const lora = { ...golden, rankStabilised: false, dropout: 0, targets: LINEARS };

test('MiniLM’s loss and gradients at the first step are those of PyTorch and PEFT', async () => {
  const trainer = createEmbedderTrainer({
    config,
    weights,
    runtime: residentNode(2),
    pooling: 'mean',
    lora,
    seed: 1,
    adapter: formulaAdapter(bertModules(config), lora, undefined, golden.amplitude),
  });
  const batch = { queries: texts.slice(0, 6), positives: texts.slice(6), negatives: [] };
  const { loss } = await trainer.accumulate(batch, 1, 0);
  expect(loss).toBeCloseTo(golden.loss, 5);
  expect(trainer.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(golden.gradients).sort());
  for (const { name, gradient } of trainer.parameters) {
    const { norm, first } = golden.gradients[name]!;
    // Six blocks of float32 against double.
    expect(Math.abs(Math.hypot(...gradient) / norm - 1), name).toBeLessThan(1e-4);
    first.forEach((value, i) => expect(Math.abs(gradient[i]! - value) / norm, name).toBeLessThan(1e-5));
  }
  await trainer.dispose();
});
