import { TensorPool } from '../../../resident/pool.ts';
import type { ResidentRuntime, ResidentTensor } from '../../../resident/resident.ts';
import type { LlamaLinear } from '../linears.ts';
import type { LoadedLlama } from '../weights.ts';
import type { KeptValues } from './block.ts';
import type { BlockRun, Blocks, Tensors } from './blocks.ts';
import { layOut, type CausalChunk } from './causal-layout.ts';
import { embeddings, maskInputs, maskRowInputs, sharedInputs } from './chunk-inputs.ts';
import { queryParts } from './attention-mask.ts';
import { LowerActivations } from './lower-activations.ts';
import { PoolScope } from './pool-scope.ts';

/** Activations of earlier batches stay allocated up to this multiple of the budget. */
const POOL_SHARE = 1.25;

export interface ChunkRunnerOptions {
  firstAdapted: number;
  targets: readonly LlamaLinear[];
  dropout: number;
  memoryBudget: number;
  queriesAtOnce: number;
  cacheBytes: number;
}

/** What a block's forward run leaves for its backward run. */
interface Trace {
  x: ResidentTensor;
  kept: Tensors;
  run: BlockRun;
}

/** Runs chunks of tokens through all blocks, forward and back. */
export class ChunkRunner {
  readonly blocks: Blocks;
  readonly firstAdapted: number;
  readonly #loaded: LoadedLlama;
  readonly #options: ChunkRunnerOptions;
  readonly #pool: TensorPool;
  readonly #lower: LowerActivations;

  constructor(loaded: LoadedLlama, runtime: ResidentRuntime, blocks: Blocks, options: ChunkRunnerOptions) {
    this.blocks = blocks;
    this.firstAdapted = options.firstAdapted;
    this.#loaded = loaded;
    this.#options = options;
    this.#pool = new TensorPool(runtime);
    this.#lower = new LowerActivations(options.cacheBytes, async (example, signal) => {
      const alone = { mean: 'example', packing: false, chunkTokens: 0, teacherShare: 0 } as const;
      const { chunks, tokens } = layOut({ examples: [example] }, alone);
      const states = await this.#inScope(async (scope) => {
        const x = this.#embed(chunks[0]!, scope);
        return numbers(await this.#run(chunks[0]!, x, [0, this.firstAdapted], scope, signal));
      });
      return states.slice(0, tokens * loaded.config.hidden);
    });
  }

  /** Bytes of the blocks and of all activations. */
  get memoryBytes(): number {
    return this.blocks.weightBytes + this.#pool.bytes;
  }

  /** States after the last block, [rows·length, hidden], without dropout. */
  async hiddenStates(chunk: CausalChunk, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    return this.#inScope(async (scope) => {
      const x = await this.#start(chunk, scope, signal);
      return numbers(await this.#run(chunk, x, [this.firstAdapted, this.blocks.count], scope, signal));
    });
  }

  /**
   * Forward, then back.
   *
   * @param head gives the gradient of the last block's output, from that output
   * @param onGradients called for every adapted block with its gradients in one vector
   */
  async gradients(
    chunk: CausalChunk,
    seed: number,
    head: (y: Float32Array<ArrayBuffer>) => Promise<Float32Array<ArrayBuffer>>,
    onGradients: (layer: number, flat: Float32Array<ArrayBuffer>) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#inScope(async (scope) => {
      const traces = new Map<number, Trace>();
      let x = await this.#start(chunk, scope, signal);
      const runs = this.#tracedRuns(chunk, seed, scope);
      for (let layer = this.firstAdapted; layer < this.blocks.count; layer++) {
        signal?.throwIfAborted();
        const run = runs(layer);
        const { y, kept } = await this.blocks.forward(layer, x, run);
        traces.set(layer, { x, kept, run });
        x = y;
      }
      let dy: ResidentTensor = scope.filled('float32', x.shape, await head(await numbers(x)));
      scope.give(x);
      const gradients = new Map<number, ResidentTensor>();
      for (let layer = this.blocks.count - 1; layer >= this.firstAdapted; layer--) {
        signal?.throwIfAborted();
        const trace = traces.get(layer)!;
        const result = await this.blocks.backward(layer, { ...trace, dy }, trace.run, layer > this.firstAdapted);
        scope.give(trace.x, dy, ...trace.kept.values());
        gradients.set(layer, result.gradients);
        if (result.dx) dy = result.dx;
      }
      // Read at the end, so that a GPU is not waited for after every block.
      for (const [layer, tensor] of gradients) onGradients(layer, await numbers(tensor));
    });
  }

  async dispose(): Promise<void> {
    await this.blocks.dispose();
    this.#pool.dispose();
  }

  async #inScope<T>(run: (scope: PoolScope) => Promise<T>): Promise<T> {
    // Lengths far apart cannot share tensors: a pool of all of them would be many times the budget.
    if (this.#pool.bytes > POOL_SHARE * this.#options.memoryBudget) this.#pool.trim();
    const scope = new PoolScope(this.#pool);
    try {
      return await run(scope);
    } finally {
      scope.end();
    }
  }

  async #start(chunk: CausalChunk, scope: PoolScope, signal?: AbortSignal): Promise<ResidentTensor> {
    if (this.firstAdapted === 0) return this.#embed(chunk, scope);
    const { hidden } = this.#loaded.config;
    return scope.filled('float32', [chunk.ids.length, hidden], await this.#lower.of(chunk, hidden, signal));
  }

  #embed({ ids }: CausalChunk, scope: PoolScope): ResidentTensor {
    const { config, weights } = this.#loaded;
    return scope.filled('float32', [ids.length, config.hidden], embeddings(weights.embedding, ids));
  }

  /** Forward through blocks `from` to `to` (exclusive), nothing kept, nothing dropped. */
  async #run(
    chunk: CausalChunk,
    start: ResidentTensor,
    [from, to]: readonly [number, number],
    scope: PoolScope,
    signal?: AbortSignal,
  ): Promise<ResidentTensor> {
    const { rows, length } = chunk;
    const parts = this.#parts(chunk);
    const shared = sharedInputs(this.#loaded.config, chunk, parts, scope);
    let x = start;
    for (let layer = from; layer < to; layer++) {
      signal?.throwIfAborted();
      const run = { rows, length, shared, kept: 'nothing', dropout: false, parts, scope } as const;
      const { y } = await this.blocks.forward(layer, x, run);
      scope.give(x);
      x = y;
    }
    return x;
  }

  #tracedRuns(chunk: CausalChunk, seed: number, scope: PoolScope): (layer: number) => BlockRun {
    const { rows, length } = chunk;
    const { config } = this.#loaded;
    const { targets, dropout: probability } = this.#options;
    const parts = this.#parts(chunk);
    const plan = this.#plan({ rows, length, parts });
    const dropout = probability > 0;
    const always = sharedInputs(config, chunk, parts, scope);
    const masks = dropout ? maskInputs(config, targets, { seed, probability }, scope) : new Map();
    return (layer) => {
      const drawn = dropout ? maskRowInputs(targets, seed, layer, rows * length, scope) : new Map();
      const shared: Tensors = new Map([...always, ...masks, ...drawn]);
      return { rows, length, shared, kept: plan.get(layer)!, dropout, parts, scope };
    };
  }

  #parts({ length }: CausalChunk): number {
    return queryParts(length, this.#options.queriesAtOnce);
  }

  /** The blocks that the budget lets keep their values: the last ones first, for they give them back first. */
  #plan(size: Pick<BlockRun, 'rows' | 'length' | 'parts'>): Map<number, KeptValues> {
    const plan = new Map<number, KeptValues>();
    let left = this.#options.memoryBudget;
    for (let layer = this.blocks.count - 1; layer >= this.firstAdapted; layer--) {
      const fits = (['everything', 'all but scores'] as const).find(
        (kept) => this.blocks.keptBytes(layer, kept, size) <= left,
      );
      plan.set(layer, fits ?? 'nothing');
      left -= this.blocks.keptBytes(layer, fits ?? 'nothing', size);
    }
    return plan;
  }
}

async function numbers(tensor: ResidentTensor): Promise<Float32Array<ArrayBuffer>> {
  return (await tensor.read()) as Float32Array<ArrayBuffer>;
}
