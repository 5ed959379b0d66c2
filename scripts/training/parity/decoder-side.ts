import { writeGgufLora } from '../../../src/engine/adapters/write-gguf-lora.ts';
import { mergeLlama } from '../../../src/engine/adapters/merge-llama.ts';
import { LLAMA_LINEARS } from '../../../src/engine/models/llama/linears.ts';
import { LlamaDecoder } from '../../../src/engine/models/llama/decoder.ts';
import { llamaModules, llamaTarget, toLlamaAdapter } from '../../../src/engine/models/llama/lora.ts';
import { createGeneratorTrainer } from '../../../src/engine/models/llama/training/trainer.ts';
import { residentNode } from '../../../src/engine/resident/node.ts';
import { train } from '../../../src/engine/training/train.ts';
import { ChatTokenizer } from '../../../src/generation/local/chat-tokenizer.ts';
import { loadModel } from '../../../src/generation/local/load.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import type { Side } from './side.ts';
import { A_FEW_STEPS, PAIRS } from './texts.ts';

/** SmolLM2 from its Q4_1 file: trained on the text of the pairs, served by the decoder with a cache. */
export async function decoderSide(): Promise<Side> {
  const files = await starterModelFiles('SmolLM2-135M-Instruct-Q4_1');
  const { llama, tokenizer } = await loadModel(files);
  const chat = new ChatTokenizer(tokenizer);
  const ids = PAIRS.slice(0, 3).map(([question, passage]) => chat.encode(`${passage} ${question}`));
  const runtime = residentNode(2);
  const decoder = await LlamaDecoder.create(llama, runtime, { layout: 'float32' });
  return {
    name: 'decoder',
    numbers: 'logits',
    shape: { name: 'HuggingFaceTB/SmolLM2-135M-Instruct', modules: llamaModules(llama.config) },
    peft: { task: 'CAUSAL_LM' },
    inputs: { ids },
    async train() {
      const targets = LLAMA_LINEARS.map(llamaTarget);
      const lora = { rank: 8, alpha: 16, rankStabilised: false, dropout: 0, targets };
      const trainer = await createGeneratorTrainer({ loaded: llama, runtime, lora, seed: 1 });
      const batch = { examples: ids.map((tokens) => ({ tokens, lossFrom: 0 })) };
      await train(trainer, A_FEW_STEPS, { batch: () => batch });
      const adapter = structuredClone(trainer.adapter());
      await trainer.dispose();
      return adapter;
    },
    async compute(adapter) {
      decoder.setAdapter(adapter && toLlamaAdapter(adapter, llama.config, 'parity'));
      const rows: number[][] = [];
      for (const tokens of ids) {
        decoder.truncate(0);
        rows.push([...(await decoder.append(tokens))]);
      }
      return rows;
    },
    merge: (adapter) => mergeLlama(llama, adapter, 'F32'),
    exports: (adapter) => ({
      'decoder-attune.gguf': writeGgufLora(adapter, {
        architecture: 'llama',
        name: 'parity',
        headSize: llama.config.headSize,
        dtype: 'F32',
      }),
    }),
    dispose: () => decoder.dispose(),
  };
}
