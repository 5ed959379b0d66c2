import { expect, test } from 'vitest';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { rankingLoss, type RankingLossKind } from '../../../src/engine/losses/ranking.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX } from '../../../src/engine/models/bert/scoring-head.ts';
import {
  createRerankerTrainer,
  type RerankerTrainer,
} from '../../../src/engine/models/bert/training/reranker-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { gradientNorm } from '../../../src/engine/training/adamw.ts';
import { farthest, floats, formulaAdapter, json, nearGolden, steps, type ReadFixture } from './golden.ts';
import { liveInEveryShortage } from './scarce.ts';

interface Golden {
  rank: number;
  alpha: number;
  scores: number[];
  groups: { pairs: number[][]; types: number[][]; labels: number[]; teacher: number[] }[];
  pooler: { weight: string; bias: string };
  losses: Record<string, number>;
  gradients: Record<string, string>;
  tenSteps: number[];
}

/**
 * Training of rerankers against PyTorch and PEFT (scripts/goldens/bert_training.py), on whatever runtime is opened.
 *
 * @param scope `goldens`: gradients and ten steps alone, where a runtime is slow
 */
export function crossEncoderTrainingSuite(
  open: () => Promise<ResidentRuntime>,
  read: ReadFixture,
  tolerance = 1e-4,
  scope: 'all' | 'goldens' = 'all',
): void {
  test('a cross-encoder scores as Transformers does, and its gradients are those of PyTorch', async () => {
    const { golden, batch, trainer } = await setUp('bce');
    expect(farthest(await trainer.score(batch.groups), golden.scores)).toBeLessThan(2e-5);
    const { loss } = await trainer.accumulate(batch, 1, 0);
    expect(loss).toBeCloseTo(golden.losses.bce!, 5);
    nearGolden(trainer.parameters, golden.gradients, tolerance);
    await trainer.dispose();
  });

  test('ten steps of AdamW on a cross-encoder lose what PyTorch loses', async () => {
    const { golden, batch, trainer } = await setUp('bce');
    expect(farthest(await steps(trainer, batch, 10), golden.tenSteps)).toBeLessThan(2e-3);
    await trainer.dispose();
  });

  if (scope === 'goldens') return;

  test('nothing stays in the runtime where a cross-encoder finds no room, wherever that is noticed', async () => {
    const shortages = await liveInEveryShortage(await open(), async (runtime) => {
      const { batch, trainer } = await setUp('bce', runtime);
      await trainer.accumulate(batch, 1, 0).finally(() => trainer.dispose());
    });
    expect(shortages).toBeGreaterThan(50);
  });

  test.each(['listwise', 'mse', 'kl'] as const)('the %s loss is that of PyTorch', async (kind) => {
    const { golden, batch, trainer } = await setUp(kind);
    expect((await trainer.evaluate(batch)).loss).toBeCloseTo(golden.losses[kind]!, 4);
    await trainer.accumulate(batch, 1, 0);
    expect(gradientNorm(trainer.parameters) / golden.losses[`${kind}, norm`]!).toBeCloseTo(1, 3);
    await trainer.dispose();
  });

  test('with a prior it learns what is missing from it: the loss and its slopes are those of the sum', async () => {
    const { batch, trainer } = await setUp('listwise');
    const scores = await trainer.score(batch.groups);
    const prior = batch.groups.map(({ labels }) => labels.map((label, i) => 3 * label - 0.5 * i));
    const groups = batch.groups.map((group, g) => ({ ...group, prior: prior[g]! }));
    const sums = scores.map((score, i) => score + prior.flat()[i]!);
    const sizes = groups.map(({ pairs }) => pairs.length);
    const labels = groups.flatMap(({ labels }) => labels);
    const { loss } = await trainer.accumulate({ groups }, 1, 0);
    expect(loss).toBeCloseTo(rankingLoss('listwise', sums, sizes, labels).loss, 5);
    const taught = gradientNorm(trainer.parameters);
    for (const { gradient } of trainer.parameters) gradient.fill(0);
    await trainer.accumulate(batch, 1, 0);
    expect(taught).toBeLessThan(0.5 * gradientNorm(trainer.parameters));
    await trainer.dispose();
  });

  async function setUp(loss: RankingLossKind, runtime?: ResidentRuntime) {
    const golden = json<Golden>(await read('training/tiny-cross-encoder.json'));
    const model = json<{ config: Record<string, unknown> }>(await read('embedder/tiny-bert.json'));
    const config = parseBertConfig(model.config, 'tiny-bert');
    const file = await SafetensorsFile.open(new Blob([await read('embedder/tiny-bert.safetensors')]), 'tiny-bert');
    const { rank, alpha } = golden;
    const head = { path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 };
    const lora = { rank, alpha, rankStabilised: false, dropout: 0, targets: LINEARS };
    const trainer: RerankerTrainer = createRerankerTrainer({
      config,
      weights: await readBertWeights(file, config),
      pooler: { weight: floats(golden.pooler.weight), bias: floats(golden.pooler.bias) },
      runtime: runtime ?? (await open()),
      lora,
      seed: 1,
      adapter: formulaAdapter(bertModules(config, CLASSIFIER_PREFIX), lora, head),
      loss,
      chunkTokens: 32,
    });
    const taught = loss === 'mse' || loss === 'kl';
    const groups = golden.groups.map(({ teacher, labels, ...group }) => ({
      ...group,
      labels: taught ? teacher : labels,
    }));
    return { golden, batch: { groups }, trainer };
  }
}
