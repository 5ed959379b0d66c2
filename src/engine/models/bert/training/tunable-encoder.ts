import { TensorPool } from '../../../resident/pool.ts';
import type { ResidentRuntime, ResidentTensor } from '../../../resident/resident.ts';
import type { Tokens } from '../../../training/batches.ts';
import type { LoraParameters } from '../../../training/lora-parameters.ts';
import type { BertConfig } from '../config.ts';
import type { Pooling } from '../pooling.ts';
import { LINEARS, type BertWeights } from '../weights.ts';
import { BlockRunner, type BlockGradients, type ChunkInputs, type KeptBlock } from './block-runner.ts';
import { ChunkDropout } from './chunk-dropout.ts';
import { keyBias, paddedLength, planChunks, poolingShares, type Chunk, type EncoderInput } from './chunks.ts';
import { embeddingRows } from './embedding-rows.ts';
import type { FrozenFormat } from './frozen-weight.ts';
import { LowerStates } from './lower-states.ts';

export interface TunableEncoderOptions {
  config: BertConfig;
  weights: BertWeights;
  runtime: ResidentRuntime;
  lora: LoraParameters;
  pooling: Pooling;
  frozen: FrozenFormat;
  /** Of the encoder's modules in the adapter: `bert.` in a sequence classifier. */
  prefix: string;
  /** Most tokens that go through a block at once, padding included. */
  chunkTokens: number;
  /** Bytes that kept activations may take; what does not fit runs forward twice. */
  memoryBudget: number;
  /** Bytes for cached token vectors where only the top blocks are tuned. */
  cacheBytes: number;
}

/** A chunk between its forward and its backward run. */
interface KeptChunk {
  inputs: ChunkInputs;
  blocks: KeptBlock[];
}

/** An encoder whose low-rank matrices can be trained by any loss over its pooled vectors. */
export class TunableEncoder {
  readonly #options: TunableEncoderOptions;
  readonly #pool: TensorPool;
  readonly #blocks: BlockRunner;
  readonly #lower: LowerStates;
  #stale = true;

  constructor(options: TunableEncoderOptions) {
    this.#options = options;
    this.#pool = new TensorPool(options.runtime);
    this.#blocks = new BlockRunner(options.runtime, this.#pool, options);
    this.#lower = new LowerStates(options.cacheBytes, (input, signal) => this.#lowerStates(input, signal));
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
      const vectors = new Float32Array(inputs.length * this.#hiddenSize);
      for (const chunk of this.#plan(inputs)) {
        const run = this.#inputs(inputs, chunk);
        await this.#forward(inputs, chunk, run, vectors, false, signal);
        this.#pool.give(run.keyBias);
      }
      return vectors;
    });
  }

  /**
   * Adds to the parameters' gradients, for a loss that is a function of all pooled vectors of the batch. Vectors first,
   * then their gradients, then the backward runs chunk by chunk, as GradCache does (Gao et al. 2021): only the vectors
   * of a batch have to be in memory together. Chunks keep their activations as long as the budget lasts; the others run
   * forward a second time.
   *
   * @param loss of vectors [inputs, hidden]: writes its gradient by them into `gradient`, which is zero
   * @param seed of dropout
   */
  async accumulate(
    inputs: readonly EncoderInput[],
    loss: (vectors: Float32Array, gradient: Float32Array<ArrayBuffer>) => void,
    seed: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { memoryBudget, lora } = this.#options;
    const dropout = lora.adapter.settings.dropout > 0;
    await this.#freeing(async () => {
      const vectors = new Float32Array(inputs.length * this.#hiddenSize);
      const passes: { chunk: Chunk; run: ChunkInputs; kept: KeptBlock[] | undefined }[] = [];
      let left = memoryBudget;
      for (const [index, chunk] of this.#plan(inputs).entries()) {
        const run = this.#inputs(inputs, chunk, dropout ? { seed, chunk: index } : undefined);
        left -= this.#blocks.keptBytes(run.rows, run.length, dropout);
        passes.push({ chunk, run, kept: await this.#forward(inputs, chunk, run, vectors, left >= 0, signal) });
      }
      const gradient = new Float32Array(vectors.length);
      loss(vectors, gradient);
      for (const { chunk, run, kept } of passes) {
        const blocks = kept ?? (await this.#forward(inputs, chunk, run, vectors, true, signal))!;
        await this.#backward(inputs, chunk, { inputs: run, blocks }, gradient, signal);
      }
      // Batches of other lengths leave tensors that the next ones cannot use.
      if (this.#pool.bytes > memoryBudget) this.#pool.trim();
    });
  }

  async dispose(): Promise<void> {
    await this.#blocks.dispose();
    this.#pool.dispose();
  }

  get #hiddenSize(): number {
    return this.#options.config.hiddenSize;
  }

  #plan(inputs: readonly EncoderInput[]): Chunk[] {
    if (this.#stale) this.#blocks.upload();
    this.#stale = false;
    const lengths = inputs.map(({ tokens }) => tokens.length);
    return planChunks(lengths, this.#options.chunkTokens);
  }

  #inputs(
    inputs: readonly EncoderInput[],
    { texts, length }: Chunk,
    dropout?: { seed: number; chunk: number },
  ): ChunkInputs {
    const { config, lora } = this.#options;
    const bias = this.#pool.take('float32', [texts.length, 1, 1, length]);
    bias.write(keyBias(tokensOf(inputs, texts), length));
    const run: ChunkInputs = { rows: texts.length, length, keyBias: bias };
    if (!dropout) return run;
    const { settings } = lora.adapter;
    const targets = LINEARS.filter((name) => settings.targets.includes(name));
    const place = { ...dropout, probability: settings.dropout, tokens: texts.length * length };
    return { ...run, dropout: new ChunkDropout(this.#pool, config, targets, place) };
  }

  /** Runs a chunk up to its pooled vectors, which are written to their places. */
  async #forward(
    inputs: readonly EncoderInput[],
    { texts, length }: Chunk,
    run: ChunkInputs,
    vectors: Float32Array,
    keep: boolean,
    signal?: AbortSignal,
  ): Promise<KeptBlock[] | undefined> {
    const size = this.#hiddenSize;
    const { firstAdapted, layers } = this.#blocks;
    const rows = new Float32Array(texts.length * length * size);
    for (const [row, text] of texts.entries()) {
      const at = row * length * size;
      if (firstAdapted > 0) rows.set(await this.#lower.of(inputs[text]!, signal), at);
      else this.#embed(inputs[text]!, rows, at);
    }
    let x: ResidentTensor = this.#pool.take('float32', [texts.length * length, size]);
    x.write(rows);
    const blocks: KeptBlock[] = [];
    for (let block = firstAdapted; block < layers; block++) {
      signal?.throwIfAborted();
      if (!keep) {
        x = await this.#blocks.forward(block, x, run);
        continue;
      }
      const [y, kept] = await this.#blocks.forwardKept(block, x, run);
      blocks.push(kept);
      x = y;
    }
    const shares = poolingShares(tokensOf(inputs, texts), length, this.#options.pooling);
    const pooled = await this.#blocks.pooled(x, shares, run);
    texts.forEach((text, row) => vectors.set(pooled.subarray(row * size, (row + 1) * size), text * size));
    return keep ? blocks : undefined;
  }

  async #backward(
    inputs: readonly EncoderInput[],
    { texts, length }: Chunk,
    { inputs: run, blocks }: KeptChunk,
    gradient: Float32Array,
    signal?: AbortSignal,
  ): Promise<void> {
    const size = this.#hiddenSize;
    const dPooled = new Float32Array(texts.length * size);
    texts.forEach((text, row) => dPooled.set(gradient.subarray(text * size, (text + 1) * size), row * size));
    const shares = poolingShares(tokensOf(inputs, texts), length, this.#options.pooling);
    let dy: ResidentTensor | undefined = await this.#blocks.spread(dPooled, shares, run);
    const gradients: BlockGradients[] = [];
    for (const kept of blocks.reverse()) {
      signal?.throwIfAborted();
      const result = await this.#blocks.backward(kept, dy!, run);
      gradients.push(result.gradients);
      dy = result.dx;
    }
    await this.#blocks.collect(gradients);
    this.#pool.give(run.keyBias);
    run.dropout?.free();
  }

  #embed(input: EncoderInput, rows: Float32Array, at: number): void {
    const { config, weights } = this.#options;
    embeddingRows(config, weights, input.tokens, input.types, rows, at);
  }

  /** Token vectors [tokens, hidden] of one text below the lowest adapted block. */
  async #lowerStates(input: EncoderInput, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    const length = paddedLength(input.tokens.length);
    const run = this.#inputs([input], { texts: [0], length });
    const rows = new Float32Array(length * this.#hiddenSize);
    this.#embed(input, rows, 0);
    let x: ResidentTensor = this.#pool.take('float32', [length, this.#hiddenSize]);
    x.write(rows);
    for (let block = 0; block < this.#blocks.firstAdapted; block++) {
      signal?.throwIfAborted();
      x = await this.#blocks.forward(block, x, run);
    }
    const states = await x.read(0, input.tokens.length * this.#hiddenSize);
    this.#pool.give(x, run.keyBias);
    return states as Float32Array<ArrayBuffer>;
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

function tokensOf(inputs: readonly EncoderInput[], texts: readonly number[]): Tokens[] {
  return texts.map((text) => inputs[text]!.tokens);
}
