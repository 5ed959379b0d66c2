import { expect, test } from 'vitest';
import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig, type BertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import {
  createEmbedderTrainer,
  type EmbedderTrainerOptions,
} from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, linearShape, readBertWeights, type BertWeights } from '../../../src/engine/models/bert/weights.ts';
import { quantiseWeight } from '../../../src/engine/models/int8-weight.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { gradientNorm } from '../../../src/engine/training/adamw.ts';
import type { PairBatch } from '../../../src/engine/training/batches.ts';
import { farthest, formulaAdapter, joined, json, nearGolden, steps, type ReadFixture } from './golden.ts';
import { liveInEveryShortage } from './scarce.ts';

export type { ReadFixture } from './golden.ts';

interface Golden {
  rank: number;
  alpha: number;
  queries: number[][];
  positives: number[][];
  negatives: number[][];
  teacher: number[][];
  losses: Record<string, number>;
  gradients: Record<string, string>;
  tenSteps: number[];
}

const MODELS = ['tiny-bert', 'tiny-roberta'] as const;

/**
 * Training of embedders against PyTorch and PEFT (scripts/goldens/bert_training.py), on whatever runtime is opened.
 *
 * @param tolerance see `nearGolden`
 * @param scope `goldens`: gradients, ten steps and leaks of one model alone, where a runtime is slow
 */
export function encoderTrainingSuite(
  open: () => Promise<ResidentRuntime>,
  read: ReadFixture,
  tolerance = 1e-4,
  scope: 'all' | 'goldens' = 'all',
): void {
  const models = scope === 'all' ? MODELS : MODELS.slice(0, 1);

  test.each(models)('%s: loss and all gradients are those of PyTorch', async (name) => {
    const { golden, batch, trainer } = await setUp(name, {});
    const { loss } = await trainer.accumulate(batch, 1, 0);
    expect(Math.abs(loss - golden.losses.plain!)).toBeLessThan(1e-4);
    nearGolden(trainer.parameters, golden.gradients, tolerance);
    await trainer.dispose();
  });

  test.each(models)('%s: ten steps of AdamW lose what PyTorch loses', async (name) => {
    const { golden, batch, trainer } = await setUp(name, {});
    const losses = await steps(trainer, batch, 10);
    // Adam divides by the gradient's size, which blows rounding up where a gradient is nearly zero.
    expect(farthest(losses, golden.tenSteps)).toBeLessThan(2e-3);
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

  if (scope === 'goldens') return;

  test.each(['float32', 'int8'] as const)(
    'nothing stays in the runtime where a model in %s finds no room, wherever that is noticed',
    async (frozen) => {
      const shortages = await liveInEveryShortage(await open(), async (runtime) => {
        const { batch, trainer } = await setUp('tiny-bert', { frozen, runtime, chunkTokens: 16 }, undefined, 0.1);
        await trainer.accumulate(batch, 1, 0).finally(() => trainer.dispose());
      });
      expect(shortages).toBeGreaterThan(50);
    },
  );

  test.each(['symmetric', 'matryoshka'])('the %s loss is that of PyTorch', async (kind) => {
    const loss = kind === 'symmetric' ? { symmetric: true } : { dimensions: [8, 32] };
    const { golden, batch, trainer } = await setUp('tiny-bert', { loss });
    expect((await trainer.evaluate(batch)).loss).toBeCloseTo(golden.losses[kind]!, 4);
    await trainer.accumulate(batch, 1, 0);
    expect(gradientNorm(trainer.parameters) / golden.losses[`${kind}, norm`]!).toBeCloseTo(1, 3);
    await trainer.dispose();
  });

  test.each(['margin-mse', 'kl'] as const)('distillation by %s is that of PyTorch', async (kind) => {
    const { golden, batch, trainer } = await setUp('tiny-bert', { distillation: { kind, weight: 1 } });
    expect((await trainer.evaluate(batch)).loss).toBeCloseTo(golden.losses[kind]!, 3);
    await trainer.accumulate(batch, 1, 0);
    expect(gradientNorm(trainer.parameters) / golden.losses[`${kind}, norm`]!).toBeCloseTo(1, 3);
    await trainer.dispose();
  });

  test('with only the top block tuned, its gradients are the same, and cached states below it repeat them', async () => {
    const whole = await setUp('tiny-bert', {});
    await whole.trainer.accumulate(whole.batch, 1, 0);
    const top = await setUp('tiny-bert', { adapter: topBlockOf(whole.trainer.adapter()) });
    const without = await setUp('tiny-bert', { adapter: topBlockOf(whole.trainer.adapter()), cacheBytes: 0 });
    // The lower block of `whole` has to be the base's.
    for (const { name, data } of whole.trainer.parameters) if (/layer\.0\..*lora_B/.test(name)) data.fill(0);
    whole.trainer.parametersChanged();
    for (const { gradient } of whole.trainer.parameters) gradient.fill(0);
    await whole.trainer.accumulate(whole.batch, 1, 0);
    const expected = new Map(whole.trainer.parameters.map(({ name, gradient }) => [name, gradient]));
    for (const round of [1, 2]) {
      await top.trainer.accumulate(top.batch, 1 / round, 0);
      await without.trainer.accumulate(without.batch, 1 / round, 0);
      for (const [i, { name, gradient }] of top.trainer.parameters.entries()) {
        expect(gradient, name).toEqual(without.trainer.parameters[i]!.gradient);
        const largest = Math.max(1e-4, ...expected.get(name)!.map(Math.abs));
        if (round === 1) expect(farthest(gradient, expected.get(name)!) / largest, name).toBeLessThan(tolerance);
      }
    }
    expect(top.trainer.parameters.length).toBe(whole.trainer.parameters.length / 2);
    for (const { trainer } of [whole, top, without]) await trainer.dispose();
  });

  test.each(['int8', 'float16'] as const)(
    'frozen weights in %s train like the same weights in float32',
    async (frozen) => {
      // The fixture's weights are halves; on the grid of int8 they are rounded here as they are when serving.
      const round = frozen === 'int8' ? roundedWeights : undefined;
      const reference = await gradientsWith({}, round);
      const stored = await gradientsWith({ frozen });
      expect(farthest(stored, reference) / Math.max(...reference.map(Math.abs))).toBeLessThan(1e-5);
      if (round) expect(farthest(reference, await gradientsWith({}))).toBeGreaterThan(1e-4);
    },
  );

  test('dropout masks low-rank paths by its seed, and not at all when evaluating', async () => {
    const dropped = (dropout: number, seed: number, options: Partial<EmbedderTrainerOptions> = {}) =>
      gradientsWith({ ...options }, undefined, { dropout, seed });
    const plain = await gradientsWith({});
    const [one, again, other] = [await dropped(0.3, 1), await dropped(0.3, 1), await dropped(0.3, 2)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(one).not.toEqual(plain);
    // The second forward run of a chunk that was not kept draws the same masks.
    const chunks = { chunkTokens: 32 };
    expect(await dropped(0.3, 1, { ...chunks, memoryBudget: 0 })).toEqual(await dropped(0.3, 1, chunks));
    // Hardly anything dropped is nearly nothing changed: the separate low-rank path is the merged one.
    const nearly = await dropped(1e-7, 1);
    expect(farthest(nearly, plain) / Math.max(...plain.map(Math.abs))).toBeLessThan(1e-5);
    const { golden, batch, trainer } = await setUp('tiny-bert', {}, undefined, 0.3);
    expect((await trainer.evaluate(batch)).loss).toBeCloseTo(golden.losses.plain!, 4);
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

  test('a batch of 256 pairs takes a small part of the memory that it would take at once', async () => {
    const texts = (first: number) => Array.from({ length: 256 }, (_, i) => [2, 4 + ((first + i) % 40), 5 + (i % 7), 3]);
    const peak = async (memory: Partial<EmbedderTrainerOptions>) => {
      const runtime = await open();
      const before = runtime.usage.tensorBytes;
      let most = 0;
      const tensor: ResidentRuntime['tensor'] = (...args) => {
        const made = runtime.tensor(...args);
        most = Math.max(most, runtime.usage.tensorBytes - before);
        return made;
      };
      const watched = Object.create(runtime, { tensor: { value: tensor } }) as ResidentRuntime;
      const { trainer } = await setUp('tiny-bert', { ...memory, runtime: watched });
      const { loss } = await trainer.accumulate({ queries: texts(0), positives: texts(9), negatives: [] }, 1, 0);
      await trainer.dispose();
      return { most, loss };
    };
    const whole = await peak({ chunkTokens: 8192 });
    const parts = await peak({ chunkTokens: 256, memoryBudget: 0 });
    expect(parts.loss).toBeCloseTo(whole.loss, 4);
    expect(parts.most).toBeLessThan(whole.most / 8);
  });

  test('an adapter that changes only some of its layers is refused by the layer’s name', async () => {
    const { trainer } = await setUp('tiny-bert', {});
    const { settings, pairs, full } = trainer.adapter();
    const missing = 'encoder.layer.1.intermediate.dense';
    const adapter = { settings, pairs: new Map([...pairs].filter(([path]) => path !== missing)), full };
    await expect(setUp('tiny-bert', { adapter })).rejects.toThrow(missing);
    await trainer.dispose();
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

  async function gradientsWith(
    options: Partial<EmbedderTrainerOptions>,
    change?: (weights: BertWeights, config: BertConfig) => void,
    { dropout = 0, seed = 0 } = {},
  ): Promise<Float32Array> {
    const { batch, trainer } = await setUp('tiny-bert', options, change, dropout);
    await trainer.accumulate(batch, 1, seed);
    const gradients = joined(trainer);
    await trainer.dispose();
    return gradients;
  }

  async function setUp(
    name: string,
    options: Partial<EmbedderTrainerOptions>,
    change?: (weights: BertWeights, config: BertConfig) => void,
    dropout = 0,
  ) {
    const golden = json<Golden>(await read(`training/${name}.json`));
    const model = json<{ config: Record<string, unknown>; pooling: 'mean' | 'cls' }>(
      await read(`embedder/${name}.json`),
    );
    const config = parseBertConfig(model.config, name);
    const file = await SafetensorsFile.open(new Blob([await read(`embedder/${name}.safetensors`)]), name);
    const { rank, alpha } = golden;
    const lora = { rank, alpha, rankStabilised: false, dropout, targets: LINEARS };
    const weights = await readBertWeights(file, config);
    change?.(weights, config);
    const trainer = createEmbedderTrainer({
      config,
      weights,
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
      teacherScores: Float32Array.from(golden.teacher.flat()),
    };
    return { golden, batch, trainer };
  }
}

function topBlockOf(adapter: LoraAdapter): LoraAdapter {
  const pairs = new Map([...adapter.pairs].filter(([path]) => path.startsWith('encoder.layer.1.')));
  return { settings: { ...adapter.settings, topBlocks: 1 }, pairs, full: new Map() };
}

/** Rounds every linear to the grid of the int8 kernels. */
function roundedWeights({ layers }: BertWeights, config: BertConfig): void {
  for (const { linears } of layers) {
    for (const name of LINEARS) {
      const [inFeatures, outFeatures] = linearShape(name, config);
      const { weight } = linears[name];
      const { data, scales } = quantiseWeight(weight, outFeatures, inFeatures);
      weight.forEach((_, i) => {
        const [row, column] = [Math.floor(i / inFeatures), i % inFeatures];
        weight[i] = data[column * outFeatures + row]! * scales[row]!;
      });
    }
  }
}
