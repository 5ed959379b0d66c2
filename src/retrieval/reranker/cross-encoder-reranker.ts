import type { LoraFeeds } from '../../engine/models/lora.ts';
import type { Runtime, Session } from '../../engine/runtime/runtime.ts';
import type { TextTokenizer } from '../../models/tokenizer.ts';
import type { Reranker } from '../contract.ts';
import { planBatches, type Batch } from '../embedder/batches.ts';
import { pairTokens, type PairTokens } from '../pair-tokens.ts';

/** Everything that a loaded ranking model consists of; `create-reranker.ts` puts it together. */
export interface CrossEncoderParts {
  id: string;
  /** Longest pair. */
  maxTokens: number;
  padTokenId: number;
  /** Padded tokens per run. */
  batchTokens: number;
  tokenizer: TextTokenizer;
  runtime: Runtime;
  session: Session;
  /** The adapter's matrices and its scoring head. */
  feeds: LoraFeeds;
}

/** Reads question and passage together, in batches of like length; scores are the model's logits. */
export class CrossEncoderReranker implements Reranker {
  readonly id: string;
  #parts: CrossEncoderParts;

  constructor(parts: CrossEncoderParts) {
    this.id = parts.id;
    this.#parts = parts;
  }

  async score(query: string, passages: string[], signal?: AbortSignal): Promise<Float32Array> {
    const { tokenizer, maxTokens, batchTokens } = this.#parts;
    const question = tokenizer.encode(query);
    const pairs = passages.map((passage) => pairTokens(question, tokenizer.encode(passage), maxTokens));
    const scores = new Float32Array(pairs.length);
    const lengths = pairs.map(({ tokens }) => tokens.length);
    for (const batch of planBatches(lengths, batchTokens)) {
      // A run leaves this thread no time to hear of an abort, so it is given some in between.
      if (signal) await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      const found = await this.#run(pairs, batch);
      batch.indices.forEach((index, row) => (scores[index] = found[row]!));
    }
    return scores;
  }

  async dispose(): Promise<void> {
    await this.#parts.session.dispose();
  }

  /** @returns [batch] */
  async #run(pairs: readonly PairTokens[], { indices, length }: Batch): Promise<Float32Array> {
    const { runtime, session, feeds, padTokenId } = this.#parts;
    const dims = [indices.length, length];
    const ids = new BigInt64Array(indices.length * length).fill(BigInt(padTokenId));
    const mask = new Int32Array(ids.length);
    const types = new Float32Array(ids.length);
    indices.forEach((index, row) => {
      const pair = pairs[index]!;
      pair.tokens.forEach((id, i) => {
        ids[row * length + i] = BigInt(id);
        mask[row * length + i] = 1;
        types[row * length + i] = pair.types[i]!;
      });
    });
    const { score } = await session.run({
      ids: runtime.tensor('int64', ids, dims),
      mask: runtime.tensor('int32', mask, dims),
      types: runtime.tensor('float32', types, dims),
      ...feeds,
    });
    return score!.data as Float32Array;
  }
}
