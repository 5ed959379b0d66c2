import { expect, test } from 'vitest';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import {
  createEmbedderTrainer,
  type EmbedderTrainerOptions,
} from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { gradientNorm } from '../../../src/engine/training/adamw.ts';
import type { PairBatch } from '../../../src/engine/training/batches.ts';
import { farthest, formulaAdapter, joined, json, nearGolden, steps, type ReadFixture } from './golden.ts';

export type { ReadFixture } from './golden.ts';

interface Golden {
  rank: number;
  alpha: number;
  queries: number[][];
  positives: number[][];
  negatives: number[][];
  losses: Record<string, number>;
  gradients: Record<string, string>;
  tenSteps: number[];
}

const MODELS = ['tiny-bert', 'tiny-roberta'] as const;

/**
 * Training of embedders against PyTorch and PEFT (scripts/goldens/bert_training.py), on whatever runtime is opened.
 *
 * @param tolerance see `nearGolden`
 */
export function encoderTrainingSuite(open: () => Promise<ResidentRuntime>, read: ReadFixture, tolerance = 1e-4): void {
  test.each(MODELS)('%s: loss and all gradients are those of PyTorch', async (name) => {
    const { golden, batch, trainer } = await setUp(name, {});
    const { loss } = await trainer.accumulate(batch, 1, 0);
    expect(Math.abs(loss - golden.losses.plain!)).toBeLessThan(1e-4);
    nearGolden(trainer.parameters, golden.gradients, tolerance);
    await trainer.dispose();
  });

  test.each(MODELS)('%s: ten steps of AdamW lose what PyTorch loses', async (name) => {
    const { golden, batch, trainer } = await setUp(name, {});
    const losses = await steps(trainer, batch, 10);
    // Adam divides by the gradient's size, which blows rounding up where a gradient is nearly zero.
    expect(farthest(losses, golden.tenSteps)).toBeLessThan(2e-3);
    await trainer.dispose();
  });

  test.each(['symmetric', 'matryoshka'])('the %s loss is that of PyTorch', async (kind) => {
    const loss = kind === 'symmetric' ? { symmetric: true } : { dimensions: [8, 32] };
    const { golden, batch, trainer } = await setUp('tiny-bert', { loss });
    expect((await trainer.evaluate(batch)).loss).toBeCloseTo(golden.losses[kind]!, 4);
    await trainer.accumulate(batch, 1, 0);
    expect(gradientNorm(trainer.parameters) / golden.losses[`${kind}, norm`]!).toBeCloseTo(1, 3);
    await trainer.dispose();
  });

  test('a batch in chunks, kept or run forward twice, has the gradient of the whole batch', async () => {
    const whole = await gradientsWith({ chunkTokens: 4096 });
    const chunked = await gradientsWith({ chunkTokens: 16 });
    const cached = await gradientsWith({ chunkTokens: 16, memoryBudget: 0 });
    const largest = Math.max(...whole.map(Math.abs));
    // Sums over tokens in another order.
    expect(farthest(chunked, whole) / largest).toBeLessThan(1e-5);
    expect(cached).toEqual(chunked);
  });

  test('equal seeds give equal bits', async () => {
    const run = async () => {
      const { batch, trainer } = await setUp('tiny-bert', { adapter: undefined, seed: 5 });
      const losses = await steps(trainer, batch, 3);
      const parameters = trainer.parameters.map(({ data }) => data.slice());
      await trainer.dispose();
      return { losses, parameters };
    };
    expect(await run()).toEqual(await run());
  });

  test('a gradient is added with its weight, and evaluating leaves it alone', async () => {
    const { batch, trainer } = await setUp('tiny-bert', {});
    await trainer.accumulate(batch, 0.25, 0);
    const quarter = joined(trainer);
    await trainer.evaluate(batch);
    expect(joined(trainer)).toEqual(quarter);
    await trainer.accumulate(batch, 0.75, 0);
    const whole = await gradientsWith({});
    expect(farthest(joined(trainer), whole) / Math.max(...whole.map(Math.abs))).toBeLessThan(1e-5);
    await trainer.dispose();
  });

  test('nothing stays in the runtime after a run, nor after an abort within one', async () => {
    const runtime = await open();
    const before = { ...runtime.usage };
    const { batch, trainer } = await setUp('tiny-bert', { chunkTokens: 16 });
    await steps(trainer, batch, 2);
    const during = { ...runtime.usage };
    const controller = new AbortController();
    const aborted = trainer.accumulate(batch, 1, 0, controller.signal);
    controller.abort();
    await expect(aborted).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    await steps(trainer, batch, 2);
    expect(runtime.usage.tensorBytes).toBeLessThanOrEqual(during.tensorBytes);
    await trainer.dispose();
    expect(runtime.usage).toMatchObject({
      tensors: before.tensors,
      tensorBytes: before.tensorBytes,
      sessions: before.sessions,
    });
  });

  async function gradientsWith(options: Partial<EmbedderTrainerOptions>): Promise<Float32Array> {
    const { batch, trainer } = await setUp('tiny-bert', options);
    await trainer.accumulate(batch, 1, 0);
    const gradients = joined(trainer);
    await trainer.dispose();
    return gradients;
  }

  async function setUp(name: string, options: Partial<EmbedderTrainerOptions>) {
    const golden = json<Golden>(await read(`training/${name}.json`));
    const model = json<{ config: Record<string, unknown>; pooling: 'mean' | 'cls' }>(
      await read(`embedder/${name}.json`),
    );
    const config = parseBertConfig(model.config, name);
    const file = await SafetensorsFile.open(new Blob([await read(`embedder/${name}.safetensors`)]), name);
    const { rank, alpha } = golden;
    const lora = { rank, alpha, rankStabilised: false, dropout: 0, targets: LINEARS };
    const trainer = createEmbedderTrainer({
      config,
      weights: await readBertWeights(file, config),
      runtime: await open(),
      pooling: model.pooling,
      lora,
      seed: 1,
      adapter: formulaAdapter(bertModules(config), lora),
      ...options,
    });
    const batch: PairBatch = {
      queries: golden.queries,
      positives: golden.positives,
      negatives: golden.negatives.map((tokens) => [tokens]),
    };
    return { golden, batch, trainer };
  }
}
