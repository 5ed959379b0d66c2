import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { mergeBert } from '../../../src/engine/adapters/merge-bert.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { crossEncoderFeeds, crossEncoderGraph } from '../../../src/engine/models/bert/cross-encoder.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { CLASSIFIER, CLASSIFIER_PREFIX, readPooler } from '../../../src/engine/models/bert/scoring-head.ts';
import { createRerankerTrainer } from '../../../src/engine/models/bert/training/reranker-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import { residentNode } from '../../../src/engine/resident/node.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { train } from '../../../src/engine/training/train.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import { pairTokens } from '../../../src/retrieval/pair-tokens.ts';
import type { Side } from './side.ts';
import { A_FEW_STEPS, PAIRS } from './texts.ts';

/** MiniLM with a scoring head over question and passage, trained on right and wrong passages in turns. */
export async function scorerSide(): Promise<Side> {
  const files = await starterModelFiles('all-MiniLM-L6-v2');
  const tokenizer = await createTokenizer(files);
  const json = await files.json<Record<string, unknown>>('config.json');
  const config = parseBertConfig(json, 'MiniLM');
  const file = await SafetensorsFile.open(await files.blob('model.fp16.safetensors'), 'model.fp16.safetensors');
  const weights = await readBertWeights(file, config, false);
  const pooler = (await readPooler(file))!;
  const pairs = PAIRS.flatMap(([question, passage], i) => {
    const [, wrong] = PAIRS[(i + 1) % PAIRS.length]!;
    return [wrong, passage].map((text) => pairTokens(tokenizer.encode(question), tokenizer.encode(text), 128));
  });
  const runtime = nodeRuntime(2);
  const model = crossEncoderGraph(config, weights, pooler, 'float32');
  const session = await runtime.createSession(model);
  const head = { path: CLASSIFIER, inFeatures: config.hiddenSize, outFeatures: 1 };
  const modules = bertModules(config, CLASSIFIER_PREFIX);
  // Without an adapter there is no head: a base of zeros.
  const nothing: LoraAdapter = {
    settings: { rank: 1, alpha: 1, rankStabilised: false, dropout: 0, targets: [] },
    pairs: new Map(),
    full: new Map([[CLASSIFIER, { ...head, weight: new Float32Array(config.hiddenSize), bias: new Float32Array(1) }]]),
  };
  return {
    name: 'scorer',
    numbers: 'scores',
    shape: { name: 'sentence-transformers/all-MiniLM-L6-v2', modules, full: [head] },
    peft: { task: 'SEQ_CLS' },
    inputs: { pairs: pairs.map(({ tokens, types }) => ({ ids: tokens, types })) },
    async train() {
      const trainer = createRerankerTrainer({
        config,
        weights,
        pooler,
        runtime: residentNode(2),
        lora: { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets: LINEARS },
        seed: 1,
        loss: 'bce',
      });
      const group = {
        pairs: pairs.map(({ tokens }) => tokens),
        types: pairs.map(({ types }) => types),
        labels: pairs.map((_, i) => i % 2),
      };
      await train(trainer, A_FEW_STEPS, { batch: () => ({ groups: [group] }) });
      const adapter = structuredClone(trainer.adapter());
      await trainer.dispose();
      return adapter;
    },
    async compute(adapter) {
      const feeds = crossEncoderFeeds(runtime, model, 'parity', adapter ?? nothing);
      const rows: number[][] = [];
      for (const { tokens, types } of pairs) {
        const { score } = await session.run({
          ids: runtime.tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]),
          mask: runtime.tensor('int32', new Int32Array(tokens.length).fill(1), [1, tokens.length]),
          types: runtime.tensor('float32', Float32Array.from(types), [1, tokens.length]),
          ...feeds,
        });
        rows.push([...(score!.data as Float32Array)]);
      }
      return rows;
    },
    merge: (adapter) => mergeBert(file, json, adapter, 'F32'),
    dispose: () => session.dispose(),
  };
}
