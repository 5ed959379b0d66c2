import type { GraphModel } from '../../engine/graph/graph.ts';
import { loraFeeds, type LoraFeeds } from '../../engine/models/lora.ts';
import type { Runtime, Session } from '../../engine/runtime/runtime.ts';
import type { TextTokenizer } from '../../models/tokenizer.ts';
import type { Embedder, ModelAdapter, SearchAdapter } from '../contract.ts';
import { planBatches, type Batch } from './batches.ts';
import { LinearEmbedder, searchAdapterOf, tunedId } from './linear-embedder.ts';
import type { EmbeddingRecipe } from './recipe.ts';

/** Everything that a loaded encoder consists of; `create-embedder.ts` puts it together. */
export interface BertEmbedderParts {
  id: string;
  device: string;
  dimensions: number;
  maxTokens: number;
  padTokenId: number;
  /** Padded tokens per run. */
  batchTokens: number;
  recipe: EmbeddingRecipe;
  tokenizer: TextTokenizer;
  runtime: Runtime;
  session: Session;
  /** Names and sizes of the graph's inputs. */
  inputs: Pick<GraphModel, 'inputs'>;
  lora: LoraFeeds;
  adapter?: SearchAdapter;
}

/** An encoder of the BERT family behind the `Embedder` interface. */
export class BertEmbedder implements Embedder {
  readonly id: string;
  readonly adapter?: SearchAdapter;
  readonly device: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  #parts: BertEmbedderParts;

  constructor(parts: BertEmbedderParts) {
    this.id = parts.id;
    if (parts.adapter) this.adapter = parts.adapter;
    this.device = parts.device;
    this.dimensions = parts.dimensions;
    this.maxTokens = parts.maxTokens;
    this.#parts = parts;
  }

  async embed(texts: string[], kind: 'query' | 'passage'): Promise<Float32Array> {
    const { recipe, batchTokens } = this.#parts;
    const prefix = kind === 'query' ? recipe.queryPrefix : recipe.passagePrefix;
    const tokens = texts.map((text) => this.#encode(prefix + text));
    const vectors = new Float32Array(texts.length * this.dimensions);
    const lengths = tokens.map((ids) => ids.length);
    for (const batch of planBatches(lengths, batchTokens)) {
      const rows = await this.#run(tokens, batch);
      batch.indices.forEach((index, row) => {
        vectors.set(rows.subarray(row * this.dimensions, (row + 1) * this.dimensions), index * this.dimensions);
      });
    }
    return vectors;
  }

  tuned(tuning: ModelAdapter): Embedder {
    if (tuning.kind === 'linear') return new LinearEmbedder(this, tuning, tuning.adapter);
    const { runtime, inputs, id } = this.#parts;
    const adapter = searchAdapterOf(tuning);
    const lora = loraFeeds(runtime, inputs, tuning.name, tuning.adapter);
    return new BertEmbedder({ ...this.#parts, id: tunedId(id, tuning.sha256), lora, adapter });
  }

  async dispose(): Promise<void> {
    // The session belongs to the base model.
    if (!this.adapter) await this.#parts.session.dispose();
  }

  /** Too long a text loses its end but keeps the closing special token. */
  #encode(text: string): number[] {
    const ids = this.#parts.tokenizer.encode(text);
    return ids.length <= this.maxTokens ? ids : [...ids.slice(0, this.maxTokens - 1), ids.at(-1)!];
  }

  async #run(tokens: readonly number[][], { indices, length }: Batch): Promise<Float32Array> {
    const { runtime, session, lora, padTokenId } = this.#parts;
    const dims = [indices.length, length];
    const ids = new BigInt64Array(indices.length * length).fill(BigInt(padTokenId));
    const mask = new Int32Array(ids.length);
    indices.forEach((index, row) => {
      tokens[index]!.forEach((id, i) => {
        ids[row * length + i] = BigInt(id);
        mask[row * length + i] = 1;
      });
    });
    const { embedding } = await session.run({
      ids: runtime.tensor('int64', ids, dims),
      mask: runtime.tensor('int32', mask, dims),
      ...lora,
    });
    return embedding!.data as Float32Array;
  }
}
