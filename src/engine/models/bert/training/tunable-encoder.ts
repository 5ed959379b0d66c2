import { TensorPool } from '../../../resident/pool.ts';
import type { ResidentRuntime, ResidentTensor } from '../../../resident/resident.ts';
import type { Tokens } from '../../../training/batches.ts';
import type { LoraParameters } from '../../../training/lora-parameters.ts';
import type { BertConfig } from '../config.ts';
import type { Pooling } from '../pooling.ts';
import type { BertWeights } from '../weights.ts';
import { BlockRunner, type ChunkInputs, type KeptBlock } from './block-runner.ts';
import { keyBias, planChunks, poolingShares, type Chunk } from './chunks.ts';
import { embeddingRows } from './embedding-rows.ts';

export interface TunableEncoderOptions {
  config: BertConfig;
  weights: BertWeights;
  runtime: ResidentRuntime;
  lora: LoraParameters;
  pooling: Pooling;
  /** Of the encoder's modules in the adapter: `bert.` in a sequence classifier. */
  prefix?: string;
  /** Most tokens that go through a block at once, padding included. */
  chunkTokens: number;
  /** Bytes that kept activations may take; what does not fit runs forward twice. */
  memoryBudget: number;
}

/** A text as the encoder reads it. */
export interface EncoderInput {
  tokens: Tokens;
  types?: Tokens;
}

interface Pass {
  chunk: Chunk;
  /** Absent: the chunk has to run forward again. */
  kept?: { inputs: ChunkInputs; blocks: KeptBlock[] };
}

/** An encoder whose low-rank matrices can be trained by any loss over its pooled vectors. */
export class TunableEncoder {
  readonly #options: TunableEncoderOptions;
  readonly #pool: TensorPool;
  readonly #blocks: BlockRunner;
  #stale = true;

  constructor(options: TunableEncoderOptions) {
    const { runtime, config, weights, lora, prefix } = options;
    this.#options = options;
    this.#pool = new TensorPool(runtime);
    this.#blocks = new BlockRunner(runtime, this.#pool, config, weights, lora, prefix);
  }

  get memoryBytes(): number {
    return this.#blocks.weightBytes + this.#pool.bytes;
  }

  /** The parameters were written: they are copied to the device before the next run. */
  parametersChanged(): void {
    this.#stale = true;
  }

  /** Pooled vectors [inputs, hidden], not normalised, one after another. */
  async vectors(inputs: readonly EncoderInput[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    return this.#freeing(async () => {
      const vectors = new Float32Array(inputs.length * this.#options.config.hiddenSize);
      for (const chunk of this.#plan(inputs)) await this.#forward(inputs, chunk, vectors, false, signal);
      return vectors;
    });
  }

  /**
   * Adds to the parameters' gradients, for a loss that is a function of all pooled vectors of the batch. Vectors first,
   * then their gradients, then the backward runs chunk by chunk, as GradCache does (Gao et al. 2021): only the vectors
   * of a batch have to be in memory together. Chunks keep their activations as long as the budget lasts; the others run
   * forward a second time.
   *
   * @param loss of vectors [inputs, hidden]: writes its gradient by them into `gradient`
   */
  async accumulate(
    inputs: readonly EncoderInput[],
    loss: (vectors: Float32Array, gradient: Float32Array<ArrayBuffer>) => void,
    seed: number,
    signal?: AbortSignal,
  ): Promise<void> {
    void seed;
    await this.#freeing(async () => {
      const { hiddenSize } = this.#options.config;
      const vectors = new Float32Array(inputs.length * hiddenSize);
      const passes: Pass[] = [];
      let left = this.#options.memoryBudget;
      for (const chunk of this.#plan(inputs)) {
        left -= this.#blocks.keptBytes(chunk.texts.length, chunk.length);
        passes.push({ chunk, kept: await this.#forward(inputs, chunk, vectors, left >= 0, signal) });
      }
      const gradient = new Float32Array(vectors.length);
      loss(vectors, gradient);
      for (const { chunk, kept } of passes) {
        const again = kept ?? (await this.#forward(inputs, chunk, vectors, true, signal))!;
        await this.#backward(inputs, chunk, again, gradient, signal);
      }
    });
  }

  async dispose(): Promise<void> {
    await this.#blocks.dispose();
    this.#pool.dispose();
  }

  #plan(inputs: readonly EncoderInput[]): Chunk[] {
    if (this.#stale) this.#blocks.upload();
    this.#stale = false;
    return planChunks(
      inputs.map(({ tokens }) => tokens.length),
      this.#options.chunkTokens,
    );
  }

  /** Runs a chunk up to its pooled vectors, which are written to their places. */
  async #forward(
    inputs: readonly EncoderInput[],
    { texts, length }: Chunk,
    vectors: Float32Array,
    keep: boolean,
    signal?: AbortSignal,
  ): Promise<Pass['kept']> {
    const { config, weights, pooling } = this.#options;
    const { hiddenSize } = config;
    const chunkInputs = texts.map((text) => inputs[text]!);
    const tokens = chunkInputs.map((input) => input.tokens);
    const rows = new Float32Array(texts.length * length * hiddenSize);
    chunkInputs.forEach((input, row) =>
      embeddingRows(config, weights, input.tokens, input.types, rows, row * length * hiddenSize),
    );
    let x: ResidentTensor = this.#pool.take('float32', [texts.length * length, hiddenSize]);
    x.write(rows);
    const bias = this.#pool.take('float32', [texts.length, 1, 1, length]);
    bias.write(keyBias(tokens, length));
    const run: ChunkInputs = { rows: texts.length, length, keyBias: bias };
    const blocks: KeptBlock[] = [];
    for (let block = 0; block < this.#blocks.layers; block++) {
      signal?.throwIfAborted();
      if (!keep || block < this.#blocks.firstAdapted) {
        x = await this.#blocks.forward(block, x, run);
        continue;
      }
      const [y, kept] = await this.#blocks.forwardKept(block, x, run);
      blocks.push(kept);
      x = y;
    }
    const pooled = await this.#blocks.pooled(x, poolingShares(tokens, length, pooling), run);
    texts.forEach((text, row) =>
      vectors.set(pooled.subarray(row * hiddenSize, (row + 1) * hiddenSize), text * hiddenSize),
    );
    if (keep) return { inputs: run, blocks };
    this.#pool.give(bias);
    return undefined;
  }

  async #backward(
    inputs: readonly EncoderInput[],
    { texts, length }: Chunk,
    { inputs: run, blocks }: NonNullable<Pass['kept']>,
    gradient: Float32Array,
    signal?: AbortSignal,
  ): Promise<void> {
    const { hiddenSize } = this.#options.config;
    const dPooled = new Float32Array(texts.length * hiddenSize);
    texts.forEach((text, row) =>
      dPooled.set(gradient.subarray(text * hiddenSize, (text + 1) * hiddenSize), row * hiddenSize),
    );
    const shares = poolingShares(
      texts.map((text) => inputs[text]!.tokens),
      length,
      this.#options.pooling,
    );
    let dy: ResidentTensor | undefined = await this.#blocks.dPooled(dPooled, shares, run);
    for (const kept of blocks.reverse()) {
      signal?.throwIfAborted();
      dy = await this.#blocks.backward(kept, dy!, run);
    }
    this.#pool.give(run.keyBias);
  }

  /** After an abort or an error nothing stays taken. */
  async #freeing<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#pool.dispose();
      throw error;
    }
  }
}
