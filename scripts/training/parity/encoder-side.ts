import type { LoraAdapter } from '../../../src/engine/adapters/lora-adapter.ts';
import { mergeBert } from '../../../src/engine/adapters/merge-bert.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';
import { parseBertConfig } from '../../../src/engine/models/bert/config.ts';
import { bertEncoderGraph } from '../../../src/engine/models/bert/encoder.ts';
import { bertModules } from '../../../src/engine/models/bert/modules.ts';
import { createEmbedderTrainer } from '../../../src/engine/models/bert/training/embedder-trainer.ts';
import { LINEARS, readBertWeights } from '../../../src/engine/models/bert/weights.ts';
import { loraFeeds, zeroLora } from '../../../src/engine/models/lora.ts';
import { residentNode } from '../../../src/engine/resident/node.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';
import { train } from '../../../src/engine/training/train.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import type { Side } from './side.ts';
import { A_FEW_STEPS, PAIRS } from './texts.ts';

/** MiniLM: trained with the contrastive loss, served by the encoder's own graph. */
export async function encoderSide(): Promise<Side> {
  const files = await starterModelFiles('all-MiniLM-L6-v2');
  const tokenizer = await createTokenizer(files);
  const json = await files.json<Record<string, unknown>>('config.json');
  const config = parseBertConfig(json, 'MiniLM');
  const file = await SafetensorsFile.open(await files.blob('model.fp16.safetensors'), 'model.fp16.safetensors');
  const weights = await readBertWeights(file, config);
  const ids = [...PAIRS.map(([question]) => question), ...PAIRS.map(([, passage]) => passage)].map((text) =>
    tokenizer.encode(text),
  );
  const runtime = nodeRuntime(2);
  const model = bertEncoderGraph(config, weights, { pooling: 'mean', precision: 'float32' });
  const session = await runtime.createSession(model);
  return {
    name: 'encoder',
    numbers: 'embeddings',
    shape: { name: 'sentence-transformers/all-MiniLM-L6-v2', modules: bertModules(config) },
    peft: { task: 'FEATURE_EXTRACTION' },
    inputs: { ids },
    async train() {
      const trainer = createEmbedderTrainer({
        config,
        weights: await readBertWeights(file, config, false),
        runtime: residentNode(2),
        pooling: 'mean',
        lora: { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets: LINEARS },
        seed: 1,
      });
      const half = ids.length / 2;
      const batch = { queries: ids.slice(0, half), positives: ids.slice(half), negatives: [] };
      await train(trainer, A_FEW_STEPS, { batch: () => batch });
      const adapter = structuredClone(trainer.adapter());
      await trainer.dispose();
      return adapter;
    },
    async compute(adapter: LoraAdapter | null) {
      const lora = adapter ? loraFeeds(runtime, model, 'parity', adapter) : zeroLora(runtime, model);
      const rows: number[][] = [];
      for (const tokens of ids) {
        const { embedding } = await session.run({
          ids: runtime.tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]),
          mask: runtime.tensor('int32', new Int32Array(tokens.length).fill(1), [1, tokens.length]),
          ...lora,
        });
        rows.push([...(embedding!.data as Float32Array)]);
      }
      return rows;
    },
    merge: (adapter) => mergeBert(file, json, adapter, 'F32'),
    dispose: () => session.dispose(),
  };
}
