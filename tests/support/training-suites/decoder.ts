import { describe, expect, test } from 'vitest';
import type { LoraAdapter, LoraSettings, LowRankPair } from '../../../src/engine/adapters/lora-adapter.ts';
import { LLAMA_LINEARS } from '../../../src/engine/models/llama/linears.ts';
import { LlamaDecoder } from '../../../src/engine/models/llama/decoder.ts';
import { llamaModules, llamaTarget, toLlamaAdapter } from '../../../src/engine/models/llama/lora.ts';
import {
  createGeneratorTrainer,
  type GeneratorTrainer,
  type GeneratorTrainerOptions,
} from '../../../src/engine/models/llama/training/trainer.ts';
import { loadLlamaFolder, loadLlamaGguf, type LoadedLlama } from '../../../src/engine/models/llama/weights.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';
import { AdamW, clipFactor, gradientNorm } from '../../../src/engine/training/adamw.ts';
import type { CausalBatch, CausalBranch, CausalExample } from '../../../src/engine/training/batches.ts';
import type { ReadFixture } from './encoder.ts';
import { liveInEveryShortage } from './scarce.ts';

interface Golden {
  rank: number;
  alpha: number;
  examples: CausalExample[];
  trunk: number[];
  branches: CausalBranch[];
  teacher: { k: number; tokens: number[][]; logProbabilities: number[][] };
  losses: Record<'rank-stabilised' | 'branched' | 'teacher' | 'half teacher', number>;
  models: Record<string, { loss: number; gradients: Record<string, string>; tenSteps: number[] }>;
}

/** The tiny models of scripts/goldens/llama_tiny.py that training is compared on. */
const MODELS = ['llama-q4_1', 'llama-linear-rope-tied', 'qwen2-bf16', 'qwen3-f16', 'mistral-window'] as const;
const FIRST = MODELS[0];

/** So that what is cut for long rows and large vocabularies is cut here too. */
const IN_PARTS = { queriesAtOnce: 4, logitWords: 40 };
const WHOLE = { queriesAtOnce: 1000, logitWords: 1000 };

/**
 * Training of decoders against PyTorch and PEFT (scripts/goldens/llama_training.py), on whatever runtime is opened.
 *
 * @param tolerance of gradients, relative to the largest of their matrix
 * @param scope `goldens`: gradients, ten steps and leaks of one model alone, where a runtime is slow
 */
export function decoderTrainingSuite(
  open: () => Promise<ResidentRuntime>,
  read: ReadFixture,
  tolerance = 1e-4,
  scope: 'all' | 'goldens' = 'all',
): void {
  describe.each(scope === 'all' ? MODELS : [FIRST])('%s', (name) => {
    test.each(['float32', 'stored'] as const)('frozen in %s: loss and all gradients are PyTorch’s', async (weights) => {
      const { golden, trainer } = await setUp(name, { weights });
      const { loss } = await trainer.accumulate(golden, 1, 0);
      const reference = golden.models[name]!;
      expect(Math.abs(loss - reference.loss)).toBeLessThan(1e-4);
      for (const { name: parameter, gradient } of trainer.parameters) {
        const expected = floats(reference.gradients[parameter]!);
        expect(gradient.length, parameter).toBe(expected.length);
        expect(farthest(gradient, expected) / largest(expected), parameter).toBeLessThan(tolerance);
      }
      expect(trainer.parameters.length).toBe(Object.keys(reference.gradients).length);
      await trainer.dispose();
    });

    test('ten steps of AdamW lose what PyTorch loses', async () => {
      const { golden, trainer } = await setUp(name, { weights: 'stored' });
      // Adam divides by the gradient's size, which blows rounding up where a gradient is nearly zero.
      expect(farthest(await steps(trainer, golden, 10), golden.models[name]!.tenSteps)).toBeLessThan(2e-3);
      await trainer.dispose();
    });

    test('the trainer sees the logits that the decoder serves with the same adapter', async () => {
      const { golden, loaded, trainer, runtime } = await setUp(name, { weights: 'stored' });
      const { tokens } = golden.examples[0]!;
      const losses = await trainer.tokenLosses({ examples: [{ tokens, lossFrom: 0 }] });
      const decoder = await LlamaDecoder.create(loaded, runtime, { layout: 'float32' });
      decoder.setAdapter(toLlamaAdapter(trainer.adapter(), loaded.config, 'same'));
      for (let i = 1; i < tokens.length; i++) {
        const logits = await decoder.append([tokens[i - 1]!]);
        expect(Math.abs(negativeLogChance(logits, tokens[i]!) - losses[i - 1]!)).toBeLessThan(1e-4);
      }
      await decoder.dispose();
      await trainer.dispose();
    });
  });

  test('nothing stays in the runtime after a run, nor after an abort within one', async () => {
    const runtime = await open();
    const before = { ...runtime.usage };
    const { golden, trainer } = await setUp(FIRST, {}, { dropout: 0.1 });
    await steps(trainer, golden, 2);
    const during = { ...runtime.usage };
    const controller = new AbortController();
    const aborted = trainer.accumulate(golden, 1, 0, controller.signal);
    controller.abort();
    await expect(aborted).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    await steps(trainer, golden, 2);
    expect(runtime.usage.tensorBytes).toBeLessThanOrEqual(during.tensorBytes);
    await trainer.dispose();
    const { tensors, tensorBytes, sessions } = before;
    expect(runtime.usage).toMatchObject({ tensors, tensorBytes, sessions });
  });

  if (scope === 'goldens') return;

  test('nothing stays in the runtime where a model finds no room, wherever that is noticed', async () => {
    const shortages = await liveInEveryShortage(await open(), async (runtime) => {
      const { golden, trainer } = await setUp(FIRST, { weights: 'stored', runtime }, { dropout: 0.1 });
      await trainer.accumulate(golden, 1, 0).finally(() => trainer.dispose());
    });
    expect(shortages).toBeGreaterThan(50);
  });

  test('rank-stabilised adapters are scaled by the root of their rank', async () => {
    const { golden, trainer } = await setUp(FIRST, {}, { rankStabilised: true });
    expect((await trainer.evaluate(golden)).loss).toBeCloseTo(golden.losses['rank-stabilised'], 4);
    await trainer.dispose();
  });

  test('branches of a trunk lose and teach what the same sequences do one by one', async () => {
    const { golden, trainer } = await setUp(FIRST, {});
    const { trunk, branches } = golden;
    const tree = { examples: [{ tokens: trunk, lossFrom: trunk.length, branches }] };
    const apart = {
      examples: branches.map(({ tokens, lossFrom }) => ({
        tokens: [...trunk, ...tokens],
        lossFrom: trunk.length + lossFrom,
      })),
    };
    const { loss, examples } = await trainer.evaluate(tree);
    expect(loss).toBeCloseTo(golden.losses.branched, 4);
    expect(examples).toBe(2);
    expectClose(await gradientsOf(trainer, tree), await gradientsOf(trainer, apart));
    // The same where the trunk has a loss of its own, which every sequence then counts.
    const first = { ...tree.examples[0]!, lossFrom: 2 };
    const firstApart = apart.examples.map((example) => ({ ...example, tokens: example.tokens, lossFrom: 2 }));
    const whole = branches.map((branch) => ({ ...branch, lossFrom: 0 }));
    expectClose(
      await gradientsOf(trainer, { examples: [{ ...first, branches: whole }] }),
      await gradientsOf(trainer, { examples: firstApart }),
    );
    await trainer.dispose();
  });

  test.each([
    ['teacher', 1],
    ['half teacher', 0.5],
  ] as const)('a loss from a teacher: %s', async (key, teacherShare) => {
    const { golden, trainer } = await setUp(FIRST, { teacherShare });
    const { k, tokens, logProbabilities } = golden.teacher;
    const teacher = {
      k,
      tokens: Int32Array.from(tokens.flat()),
      logProbabilities: Float32Array.from(logProbabilities.flat()),
    };
    const batch = { examples: [{ ...golden.examples[0]!, teacher }] };
    expect((await trainer.evaluate(batch)).loss).toBeCloseTo(golden.losses[key], 4);
    await expectDifferences(trainer, batch, 0);
    await trainer.dispose();
  });

  test('examples that share a row, and rows cut into chunks, have the gradient of rows of their own', async () => {
    const apart = await gradientsWith({});
    expectClose(await gradientsWith({ packing: true }), apart);
    expectClose(await gradientsWith({ chunkTokens: 16 }), apart);
  });

  test('values kept for the backward run or computed again give the same gradient', async () => {
    const kept = await gradientsWith({});
    expectClose(await gradientsWith({ memoryBudget: 0 }), kept);
    // Some blocks of the one kind, some of the other, and scores computed again.
    expectClose(await gradientsWith({ memoryBudget: 30_000 }), kept);
  });

  test('attention in parts of the queries has the gradient of the whole', async () => {
    const whole = await gradientsWith(WHOLE);
    for (const queriesAtOnce of [1, 2, 4]) {
      expectClose(await gradientsWith({ queriesAtOnce }), whole);
      expectClose(await gradientsWith({ queriesAtOnce, packing: true, memoryBudget: 0 }), whole);
    }
  });

  test('the head in parts of the rows or of the vocabulary has the gradient of the whole', async () => {
    const whole = await gradientsWith(WHOLE);
    for (const part of [{ logitBytes: 1 }, { logitWords: 16 }, { logitWords: 40 }])
      expectClose(await gradientsWith({ ...WHOLE, ...part }), whole);
  });

  test('every token or every sequence counts the same', async () => {
    const { golden, trainer } = await setUp(FIRST, { lossMean: 'token' });
    const losses = await trainer.tokenLosses(golden);
    const { loss } = await trainer.evaluate(golden);
    expect(losses.length).toBe(7 + 6);
    expect(loss).toBeCloseTo(losses.reduce((sum, value) => sum + value, 0) / losses.length, 5);
    await trainer.dispose();
  });

  test('only the top blocks: their gradients are those of a full run, from cached states too', async () => {
    const full = await setUp(FIRST, {});
    await full.trainer.accumulate(full.golden, 1, 0);
    const top = await setUp(FIRST, {}, { topBlocks: 1 });
    expect(top.trainer.parameters.every(({ name }) => name.startsWith('model.layers.1.'))).toBe(true);
    // With the lower block's adapter at work the states above differ: it has to be none.
    const { golden, trainer } = await setUp(FIRST, { adapter: zeroBelow(top.loaded, full.trainer.adapter()) });
    const reference = await gradientsOf(trainer, golden);
    const upper = Float32Array.from(reference.subarray(reference.length / 2));
    expectClose(await gradientsOf(top.trainer, golden), upper);
    const again = await gradientsOf(top.trainer, golden);
    expect(await gradientsOf(top.trainer, golden)).toEqual(again);
    for (const { trainer: used } of [full, top, { trainer }]) await used.dispose();
  });

  test('linear layers that are no target have no parameters', async () => {
    const { golden, trainer } = await setUp(FIRST, { adapter: undefined }, { targets: ['self_attn.v_proj'] });
    expect(trainer.parameters.map(({ name }) => name.split('.').slice(4, 5)[0])).toEqual(Array(4).fill('v_proj'));
    await trainer.accumulate(golden, 1, 0);
    expect(gradientNorm(trainer.parameters)).toBeGreaterThan(0);
    await trainer.dispose();
  });

  test('dropout: a function of the seed, with its own gradient, and none while evaluating', async () => {
    const { golden, trainer } = await setUp(FIRST, {}, { dropout: 0.4 });
    const plain = await setUp(FIRST, {});
    const first = await gradientsOf(trainer, golden, 7);
    expect(await gradientsOf(trainer, golden, 7)).toEqual(first);
    expect(farthest(await gradientsOf(trainer, golden, 8), first)).toBeGreaterThan(1e-3);
    await expectDifferences(trainer, golden, 7);
    expect((await trainer.evaluate(golden)).loss).toBe((await plain.trainer.evaluate(golden)).loss);
    await trainer.dispose();
    await plain.trainer.dispose();
  });

  test('equal seeds give equal bits', async () => {
    const run = async () => {
      const { golden, trainer } = await setUp(FIRST, { adapter: undefined, seed: 5 }, { dropout: 0.1 });
      const losses = await steps(trainer, golden, 3);
      const parameters = trainer.parameters.map(({ data }) => data.slice());
      await trainer.dispose();
      return { losses, parameters };
    };
    expect(await run()).toEqual(await run());
  });

  async function gradientsWith(options: Partial<GeneratorTrainerOptions>): Promise<Float32Array> {
    const { golden, trainer } = await setUp(FIRST, options);
    const gradients = await gradientsOf(trainer, golden);
    await trainer.dispose();
    return gradients;
  }

  async function setUp(name: string, options: Partial<GeneratorTrainerOptions>, settings: Partial<LoraSettings> = {}) {
    const golden = JSON.parse(new TextDecoder().decode(await read('llama/training.json'))) as Golden;
    const loaded = await load(name, read);
    const { rank, alpha } = golden;
    const targets = LLAMA_LINEARS.map(llamaTarget);
    const lora: LoraSettings = { rank, alpha, rankStabilised: false, dropout: 0, targets, ...settings };
    const runtime = await open();
    const adapter = waveAdapter(loaded, lora);
    const trainer = await createGeneratorTrainer({ loaded, runtime, lora, seed: 1, adapter, ...IN_PARTS, ...options });
    return { golden, loaded, runtime, trainer };
  }
}

async function load(name: string, read: ReadFixture): Promise<LoadedLlama> {
  const folder = `llama/tiny/${name}`;
  if (name === FIRST) return loadLlamaGguf(new Blob([await read(`${folder}/model.gguf`)]), name);
  const config = JSON.parse(new TextDecoder().decode(await read(`${folder}/config.json`))) as object;
  const file = 'model.safetensors';
  return loadLlamaFolder(config, new Map([[file, new Blob([await read(`${folder}/${file}`)])]]));
}

/** The matrices of scripts/goldens/llama_training.py; blocks that the settings leave out have none. */
function waveAdapter({ config }: LoadedLlama, settings: LoraSettings): LoraAdapter {
  const pairs = new Map<string, LowRankPair>();
  const wave = (k: number, length: number) =>
    Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(1.7 * i + 0.3 * k + 1));
  const { rank } = settings;
  llamaModules(config).forEach(({ path, inFeatures, outFeatures }, i) => {
    if (Math.floor(i / LLAMA_LINEARS.length) < config.layers - (settings.topBlocks ?? config.layers)) return;
    const [a, b] = [wave(2 * i, rank * inFeatures), wave(2 * i + 1, outFeatures * rank)];
    pairs.set(path, { rank, inFeatures, outFeatures, a, b });
  });
  return { settings, pairs, full: new Map() };
}

/** The same adapter without effect in all blocks but the last. */
function zeroBelow({ config }: LoadedLlama, { settings, pairs, full }: LoraAdapter): LoraAdapter {
  const last = `model.layers.${config.layers - 1}.`;
  const changed = [...pairs].map(([path, pair]): [string, LowRankPair] => [
    path,
    path.startsWith(last) ? pair : { ...pair, a: pair.a.map(() => 0), b: pair.b.map(() => 0) },
  ]);
  return { settings, pairs: new Map(changed), full };
}

async function gradientsOf(trainer: GeneratorTrainer, batch: CausalBatch, seed = 0): Promise<Float32Array> {
  for (const { gradient } of trainer.parameters) gradient.fill(0);
  await trainer.accumulate(batch, 1, seed);
  return Float32Array.from(trainer.parameters.flatMap(({ gradient }) => [...gradient]));
}

/** Central differences of the loss itself, one element of every matrix. */
async function expectDifferences(trainer: GeneratorTrainer, batch: CausalBatch, seed: number): Promise<void> {
  await gradientsOf(trainer, batch, seed);
  const gradients = trainer.parameters.map(({ gradient }) => gradient.slice());
  const lossAt = async (data: Float32Array, i: number, value: number) => {
    data[i] = value;
    trainer.parametersChanged();
    return (await trainer.accumulate(batch, 1, seed)).loss;
  };
  const step = 1e-2;
  for (const [p, { data, name }] of trainer.parameters.entries()) {
    const i = p % data.length;
    const before = data[i]!;
    const difference = (await lossAt(data, i, before + step)) - (await lossAt(data, i, before - step));
    await lossAt(data, i, before);
    // The loss is a float32 of about 5: its rounding over the step, and the third derivative.
    expect(Math.abs(difference / (2 * step) - gradients[p]![i]!), name).toBeLessThan(1e-3);
  }
}

/** @returns the loss before each step */
async function steps(trainer: GeneratorTrainer, batch: CausalBatch, count: number): Promise<number[]> {
  const optimiser = new AdamW(trainer.parameters, { weightDecay: 0.01 });
  const losses: number[] = [];
  for (let step = 1; step <= count; step++) {
    losses.push((await trainer.accumulate(batch, 1, step)).loss);
    optimiser.step(step, 1e-2, clipFactor(gradientNorm(trainer.parameters), 1));
    trainer.parametersChanged();
  }
  return losses;
}

/** Sums over tokens in another order differ in the last bits. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  expect(farthest(actual, expected) / largest(expected)).toBeLessThan(2e-5);
}

function negativeLogChance(logits: Float32Array, token: number): number {
  const top = Math.max(...logits);
  return Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0)) + top - logits[token]!;
}

function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer);
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);
}
