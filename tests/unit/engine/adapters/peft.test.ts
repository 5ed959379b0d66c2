import fc from 'fast-check';
import { openAsBlob, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loraScale, type LinearModule, type LoraAdapter } from '../../../../src/engine/adapters/lora-adapter.ts';
import { readPeft, type AdaptableModel } from '../../../../src/engine/adapters/read-peft.ts';
import { writePeft } from '../../../../src/engine/adapters/write-peft.ts';
import { fromFloat16, toFloat16 } from '../../../../src/engine/formats/float16.ts';
import { writeSafetensors } from '../../../../src/engine/formats/safetensors-writer.ts';
import { createLoraParameters } from '../../../../src/engine/training/lora-parameters.ts';

const ROOT = 'tests/fixtures/peft';
const LAYERS = 3;

/** The tiny models of the fixtures. */
const BERT: AdaptableModel = {
  name: 'tiny BERT',
  modules: blocks((n) => [
    { path: `encoder.layer.${n}.attention.self.query`, inFeatures: 16, outFeatures: 16 },
    { path: `encoder.layer.${n}.attention.self.key`, inFeatures: 16, outFeatures: 16 },
    { path: `encoder.layer.${n}.attention.self.value`, inFeatures: 16, outFeatures: 16 },
    { path: `encoder.layer.${n}.attention.output.dense`, inFeatures: 16, outFeatures: 16 },
    { path: `encoder.layer.${n}.intermediate.dense`, inFeatures: 16, outFeatures: 32 },
    { path: `encoder.layer.${n}.output.dense`, inFeatures: 32, outFeatures: 16 },
  ]),
  full: [{ path: 'classifier', inFeatures: 16, outFeatures: 1 }],
};
const LLAMA: AdaptableModel = {
  name: 'tiny Llama',
  modules: blocks((n) => [
    { path: `model.layers.${n}.self_attn.q_proj`, inFeatures: 16, outFeatures: 16 },
    { path: `model.layers.${n}.self_attn.v_proj`, inFeatures: 16, outFeatures: 8 },
    { path: `model.layers.${n}.mlp.down_proj`, inFeatures: 32, outFeatures: 16 },
  ]),
};

function blocks(modules: (block: number) => LinearModule[]): LinearModule[] {
  return Array.from({ length: LAYERS }, (_, block) => modules(block)).flat();
}

interface Golden {
  effects: Record<string, number[]>;
  classifier?: { weight: number[]; bias: number[] };
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const fixture = async (name: string, model: AdaptableModel, changes: Record<string, unknown> = {}) =>
  readPeft(
    { ...(json(`${ROOT}/${name}/adapter_config.json`) as object), ...changes },
    await openAsBlob(`${ROOT}/${name}/adapter_model.safetensors`),
    model,
  );

/** scale·B·(A·v) with v = 1, 1/2, 1/3, … */
function effect(adapter: LoraAdapter, path: string): number[] {
  const { rank, inFeatures, outFeatures, a, b } = adapter.pairs.get(path)!;
  const low = Array.from({ length: rank }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < inFeatures; i++) sum += a[k * inFeatures + i]! / (i + 1);
    return sum;
  });
  return Array.from(
    { length: outFeatures },
    (_, o) => loraScale(adapter.settings) * low.reduce((sum, value, k) => sum + b[o * rank + k]! * value, 0),
  );
}

describe('adapters written by PEFT', () => {
  test.each([
    ['bert-list', BERT, ['attention.self.query', 'attention.output.dense'], undefined, 1e-5],
    // PEFT multiplies bfloat16 matrices in bfloat16 and rounds the product to its 8 bits.
    ['bert-regex-rslora', BERT, ['intermediate.dense'], undefined, 3e-2],
    ['llama-patterns', LLAMA, ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.down_proj'], 2, 5e-3],
    ['bert-head', BERT, ['attention.self.query', 'attention.self.value'], undefined, 1e-5],
  ] as const)('%s does what it does in Python', async (name, model, targets, topBlocks, tolerance) => {
    const { effects, classifier } = json(`${ROOT}/${name}/golden.json`) as Golden;
    const adapter = await fixture(name, model);
    const short = (path: string) => path.replace(/^bert\./, '');
    expect([...adapter.pairs.keys()].sort()).toEqual(Object.keys(effects).map(short).sort());
    for (const [path, expected] of Object.entries(effects)) {
      effect(adapter, short(path)).forEach((value, i) =>
        expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance),
      );
    }
    expect(adapter.settings.targets).toEqual(targets);
    expect(adapter.settings.topBlocks).toBe(topBlocks);
    const head = adapter.full.get('classifier');
    expect(head && { weight: [...head.weight], bias: [...head.bias] }).toEqual(classifier);
  });

  test('settings are taken over', async () => {
    expect((await fixture('bert-list', BERT)).settings).toMatchObject({ rank: 4, alpha: 8, dropout: 0.1 });
    const { settings } = await fixture('bert-regex-rslora', BERT);
    expect(settings.rankStabilised).toBe(true);
    expect(loraScale(settings)).toBe(4);
  });
});

describe('an adapter that does not fit names the tensor and what was expected', () => {
  const smaller = (inFeatures: number): AdaptableModel => ({
    ...BERT,
    modules: BERT.modules.map((module) => ({ ...module, inFeatures })),
  });
  const without = (model: AdaptableModel, end: string): AdaptableModel => ({
    ...model,
    modules: model.modules.filter(({ path }) => !path.endsWith(end)),
  });
  test.each([
    [
      'another width',
      'bert-list',
      smaller(20),
      {},
      'wrong-shape',
      'query.lora_A.weight has the shape [4, 16], expected was [4, 20]',
    ],
    ['another rank', 'bert-list', BERT, { r: 8 }, 'wrong-shape', 'expected was [8, 16]'],
    [
      'another architecture',
      'bert-list',
      LLAMA,
      {},
      'unknown-module',
      'encoder.layer.0.attention.output.dense.lora_A.weight',
    ],
    [
      'a layer too few',
      'llama-patterns',
      without(LLAMA, '.2.mlp.down_proj'),
      {},
      'unknown-module',
      'layers.2.mlp.down_proj.lora_A',
    ],
    ['no head', 'bert-head', { ...BERT, full: [] }, {}, 'unknown-module', 'classifier.bias'],
    [
      'targets without tensors',
      'bert-list',
      BERT,
      { target_modules: ['query', 'key', 'attention.output.dense'] },
      'missing-tensor',
      'encoder.layer.0.attention.self.key.lora_A.weight',
    ],
    [
      'tensors without targets',
      'bert-list',
      BERT,
      { target_modules: ['query'] },
      'not-targeted',
      'attention.output.dense',
    ],
    [
      'fewer layers than tensors',
      'llama-patterns',
      LLAMA,
      { layers_to_transform: 1 },
      'not-targeted',
      'model.layers.2',
    ],
    [
      'more layers than tensors',
      'llama-patterns',
      LLAMA,
      { layers_to_transform: null },
      'missing-tensor',
      'model.layers.0.self_attn.q_proj',
    ],
    [
      'a head only by name',
      'bert-list',
      BERT,
      { modules_to_save: ['classifier'] },
      'missing-tensor',
      'classifier.weight',
    ],
    ['DoRA', 'bert-list', BERT, { use_dora: true }, 'unsupported', 'DoRA'],
    ['another kind', 'bert-list', BERT, { peft_type: 'LOHA' }, 'unsupported', 'LOHA'],
    ['trained biases', 'bert-list', BERT, { bias: 'lora_only' }, 'unsupported', 'lora_only'],
    ['a changed base', 'bert-list', BERT, { init_lora_weights: 'pissa_niter_4' }, 'unsupported', 'pissa_niter_4'],
    ['embeddings', 'bert-list', BERT, { trainable_token_indices: [3] }, 'unsupported', 'token embeddings'],
    ['a malformed field', 'bert-list', BERT, { r: 'eight' }, 'bad-config', 'at r'],
    ['a broken expression', 'bert-list', BERT, { target_modules: '(?P<x>query' }, 'bad-config', '(?P<x>query'],
  ])('%s', async (_, name, model, changes, code, words) => {
    await expect(fixture(name, model, changes)).rejects.toMatchObject({
      code: `adapters/${code}`,
      message: expect.stringContaining(words),
    });
  });

  test('half a pair', async () => {
    const data = new Float32Array(64);
    const weights = writeSafetensors([
      {
        name: 'base_model.model.encoder.layer.0.attention.self.query.lora_A.weight',
        dtype: 'F32',
        shape: [4, 16],
        data,
      },
    ]);
    const config = { peft_type: 'LORA', r: 4, target_modules: ['encoder.layer.0.attention.self.query'] };
    await expect(readPeft(config, weights, BERT)).rejects.toMatchObject({
      code: 'adapters/missing-tensor',
      message: expect.stringContaining('query.lora_B.weight of the shape [16, 4]'),
    });
  });

  test('something else than an adapter', async () => {
    await expect(readPeft([], new Blob(), BERT)).rejects.toMatchObject({ code: 'adapters/bad-config' });
    await expect(readPeft({ peft_type: 'LORA' }, new Blob(['{}']), BERT)).rejects.toMatchObject({
      code: 'models/bad-safetensors',
    });
  });
});

describe('an adapter written here', () => {
  const names = [...new Set(BERT.modules.map(({ path }) => path.replace(/^encoder\.layer\.\d+\./, '')))];
  const settings = fc.record({
    rank: fc.integer({ min: 1, max: 5 }),
    alpha: fc.integer({ min: 1, max: 64 }),
    rankStabilised: fc.boolean(),
    dropout: fc.constantFrom(0, 0.1),
    targets: fc.shuffledSubarray(names, { minLength: 1 }),
    topBlocks: fc.option(fc.integer({ min: 1, max: LAYERS - 1 }), { nil: undefined }),
  });

  test('is read back as it was, in both precisions, with and without a head', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.boolean(),
        fc.constantFrom('F32' as const, 'F16' as const),
        async (chosen, head, dtype) => {
          const { adapter, parameters } = createLoraParameters(BERT.modules, chosen, 1, head ? BERT.full : []);
          parameters.forEach(({ data }, p) => data.forEach((_, i) => (data[i] = Math.sin(i + p))));
          const task = head ? 'SEQ_CLS' : 'FEATURE_EXTRACTION';
          const { config, weights } = writePeft(adapter, { baseModel: 'tiny', task, dtype });
          const read = await readPeft(JSON.parse(config), weights, BERT);
          if (dtype === 'F16') {
            for (const { data } of parameters) data.set(fromFloat16(Uint16Array.from(data, toFloat16)));
          }
          const ordered = { ...chosen, targets: names.filter((name) => chosen.targets.includes(name)) };
          if (ordered.topBlocks === undefined) delete ordered.topBlocks;
          expect(read).toEqual({ ...adapter, settings: ordered });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('keeps its effect through differing ranks and alphas', async () => {
    const before = await fixture('llama-patterns', LLAMA);
    const { config, weights } = writePeft(before, { baseModel: 'tiny', task: 'CAUSAL_LM', dtype: 'F32' });
    const after = await readPeft(JSON.parse(config), weights, LLAMA);
    for (const path of before.pairs.keys()) {
      const expected = effect(before, path);
      effect(after, path).forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6));
    }
  });
});
