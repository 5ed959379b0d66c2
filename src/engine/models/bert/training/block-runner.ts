import { loraScale } from '../../../adapters/lora-adapter.ts';
import type { GraphModel } from '../../../graph/graph.ts';
import type { Shape } from '../../../graph/shape.ts';
import { byteLength } from '../../../onnx/data-type.ts';
import { allOrNone } from '../../../resident/all-or-none.ts';
import type { TensorPool } from '../../../resident/pool.ts';
import { elementCount, type ResidentRuntime, type ResidentTensor } from '../../../resident/resident.ts';
import type { LoraParameters } from '../../../training/lora-parameters.ts';
import type { BertConfig } from '../config.ts';
import { blockPath } from '../modules.ts';
import { LINEARS, type BertWeights } from '../weights.ts';
import { AdapterBlock } from './adapter-block.ts';
import { backwardGraph, forwardGraph, poolingGraphs, type BackwardGraph } from './block-graphs.ts';
import type { BlockKind } from './block.ts';
import type { ChunkDropout } from './chunk-dropout.ts';
import { frozenBlock } from './frozen-block.ts';
import type { FrozenFormat } from './frozen-weight.ts';
import { GraphRunner, type Tensors } from './graph-runner.ts';

/** A chunk on the device: its size, and what its blocks read beside activations. */
export interface ChunkInputs {
  rows: number;
  length: number;
  keyBias: ResidentTensor;
  dropout?: ChunkDropout;
}

/** What a block's backward run needs from its forward run. */
export interface KeptBlock {
  block: number;
  x: ResidentTensor;
  values: Tensors;
}

/** Gradients of a block's low-rank matrices that are still on the device. */
export interface BlockGradients {
  block: number;
  graph: BackwardGraph;
  vector: ResidentTensor;
}

export interface BlockRunnerOptions {
  config: BertConfig;
  weights: BertWeights;
  lora: LoraParameters;
  frozen: FrozenFormat;
  /** Of the encoder's modules: `bert.` in a sequence classifier. */
  prefix: string;
}

/**
 * The blocks of an encoder on a device: one session per kind of run, the weights of every block as its inputs. Tensors
 * of activations come from the pool and go back to it as they are used up.
 */
export class BlockRunner {
  readonly firstAdapted: number;
  readonly layers: number;
  readonly #runner: GraphRunner;
  readonly #pool: TensorPool;
  readonly #kind: BlockKind;
  readonly #frozen: Tensors[] = [];
  readonly #adapters: (AdapterBlock | undefined)[] = [];
  readonly #pooling: { forward: GraphModel; backward: GraphModel };
  readonly #forwards = new Map<string, ReturnType<typeof forwardGraph>>();
  readonly #backwards = new Map<string, BackwardGraph>();

  /** @throws AttuneError of {@link AdapterBlock}, `engine/out-of-memory`; nothing stays in the runtime then */
  constructor(runtime: ResidentRuntime, pool: TensorPool, options: BlockRunnerOptions) {
    const { config, weights, lora, frozen, prefix } = options;
    this.#runner = new GraphRunner(runtime);
    this.#pool = pool;
    this.layers = config.layers;
    const { settings, pairs } = lora.adapter;
    const isAdapted = (block: number) => LINEARS.some((name) => pairs.has(`${blockPath(block, prefix)}.${name}`));
    const blocks = Array.from({ length: config.layers }, (_, block) => block);
    this.firstAdapted = blocks.find(isAdapted) ?? config.layers;
    const targets = LINEARS.filter((name) => settings.targets.includes(name));
    this.#kind = { config, targets, rank: settings.rank, frozen, dropout: false };
    this.#pooling = poolingGraphs(config.hiddenSize);
    allOrNone(runtime, (allocator) => {
      for (const block of blocks) {
        this.#frozen.push(frozenBlock(allocator, config, weights.layers[block]!, frozen));
        if (block < this.firstAdapted) continue;
        const path = blockPath(block, prefix);
        this.#adapters[block] = new AdapterBlock(allocator, this.#kind, lora, path, loraScale(settings));
      }
    });
  }

  /** Bytes of weights and adapters; activations are the pool's. */
  get weightBytes(): number {
    const maps = [...this.#frozen, ...this.#adapters.flatMap((adapter) => adapter?.tensors ?? [])];
    const tensors = maps.flatMap((map) => [...map.values()]);
    return tensors.reduce((sum, { dataType, shape }) => sum + byteLength(dataType, elementCount(shape)), 0);
  }

  /** Bytes that the adapted blocks keep for a chunk. */
  keptBytes(rows: number, length: number, dropout: boolean): number {
    const { kept } = this.#forward(this.#adaptedKind(dropout), true);
    const floats = kept.reduce((sum, { shape }) => sum + elementCount(resolve(shape, rows, length)), 0);
    return 4 * (this.layers - this.firstAdapted) * (floats + rows * length * this.#hiddenSize);
  }

  upload(): void {
    for (const adapter of this.#adapters) adapter?.upload();
  }

  /** Runs a block that keeps nothing; x goes back to the pool. */
  async forward(block: number, x: ResidentTensor, chunk: ChunkInputs): Promise<ResidentTensor> {
    const adapted = block >= this.firstAdapted;
    const kind = adapted ? this.#adaptedKind(Boolean(chunk.dropout)) : { ...this.#kind, targets: [] };
    const y = this.#take(x.shape);
    const { model } = this.#forward(kind, false);
    await this.#runner.run(model, 'block, forward', this.#inputs(block, { x }, chunk), new Map([['y', y]]));
    this.#pool.give(x);
    return y;
  }

  /** Runs an adapted block and keeps what its backward run needs, x included. */
  async forwardKept(block: number, x: ResidentTensor, chunk: ChunkInputs): Promise<[ResidentTensor, KeptBlock]> {
    const y = this.#take(x.shape);
    const { model, kept } = this.#forward(this.#adaptedKind(Boolean(chunk.dropout)), true);
    const values = new Map(
      kept.map(({ name, shape }) => [name, this.#take(resolve(shape, chunk.rows, chunk.length))] as const),
    );
    const outputs = new Map([['y', y], ...values]);
    await this.#runner.run(model, 'block, forward and kept', this.#inputs(block, { x }, chunk), outputs);
    return [y, { block, x, values }];
  }

  /**
   * Runs an adapted block backward; what was kept goes back to the pool, and so does dy.
   *
   * @returns the gradient of its input, undefined where nothing below is tuned, and those of its low-rank matrices
   */
  async backward(
    { block, x, values }: KeptBlock,
    dy: ResidentTensor,
    chunk: ChunkInputs,
  ): Promise<{ dx: ResidentTensor | undefined; gradients: BlockGradients }> {
    const lowest = block === this.firstAdapted;
    const graph = this.#backward(this.#adaptedKind(Boolean(chunk.dropout)), !lowest);
    const vector = this.#take([graph.size]);
    const dx = lowest ? undefined : this.#take(x.shape);
    const inputs = [...this.#inputs(block, { x, dy }, chunk), values];
    const outputs = new Map([['gradients', vector], ...(dx ? [['dx', dx] as const] : [])]);
    await this.#runner.run(graph.model, 'block, backward', inputs, outputs);
    this.#pool.give(dy, x, ...values.values());
    return { dx, gradients: { block, graph, vector } };
  }

  /** Adds gradients to their parameters'. All are read at once, so that a GPU is waited for once. */
  async collect(all: readonly BlockGradients[]): Promise<void> {
    const vectors = await Promise.all(all.map(({ vector }) => vector.read()));
    all.forEach(({ block, graph, vector }, i) => {
      this.#adapters[block]!.accumulate(vectors[i] as Float32Array, graph);
      this.#pool.give(vector);
    });
  }

  /** Token vectors x [B·T, hidden] to text vectors [B, hidden]; x goes back to the pool. */
  async pooled(x: ResidentTensor, shares: Float32Array<ArrayBuffer>, chunk: ChunkInputs): Promise<Float32Array> {
    const share = this.#take([chunk.rows, 1, chunk.length]);
    share.write(shares);
    const pooled = this.#take([chunk.rows, this.#hiddenSize]);
    const inputs = feeds({ x, share });
    await this.#runner.run(this.#pooling.forward, 'pooling', [inputs], new Map([['pooled', pooled]]));
    const vectors = (await pooled.read()) as Float32Array;
    this.#pool.give(x, share, pooled);
    return vectors;
  }

  /** The gradient of {@link pooled}, by x. */
  async spread(
    gradient: Float32Array<ArrayBuffer>,
    shares: Float32Array<ArrayBuffer>,
    chunk: ChunkInputs,
  ): Promise<ResidentTensor> {
    const share = this.#take([chunk.rows, chunk.length, 1]);
    const dPooled = this.#take([chunk.rows, 1, this.#hiddenSize]);
    share.write(shares);
    dPooled.write(gradient);
    const dx = this.#take([chunk.rows * chunk.length, this.#hiddenSize]);
    const inputs = feeds({ share, dPooled });
    await this.#runner.run(this.#pooling.backward, 'pooling, backward', [inputs], new Map([['dx', dx]]));
    this.#pool.give(share, dPooled);
    return dx;
  }

  async dispose(): Promise<void> {
    await this.#runner.dispose();
    for (const tensors of this.#frozen) for (const tensor of tensors.values()) tensor.dispose();
    for (const adapter of this.#adapters) adapter?.dispose();
  }

  get #hiddenSize(): number {
    return this.#kind.config.hiddenSize;
  }

  #take(shape: readonly number[]): ResidentTensor<'float32'> {
    return this.#pool.take('float32', shape);
  }

  #adaptedKind(dropout: boolean): BlockKind {
    return { ...this.#kind, dropout };
  }

  #inputs(block: number, activations: Record<string, ResidentTensor>, { keyBias, dropout }: ChunkInputs): Tensors[] {
    const inputs = [feeds({ ...activations, keyBias }), this.#frozen[block]!];
    const adapter = this.#adapters[block];
    if (adapter) inputs.push(adapter.tensors);
    if (adapter && dropout) inputs.push(dropout.masks, dropout.rowsOf(block));
    return inputs;
  }

  #forward(kind: BlockKind, keeps: boolean): ReturnType<typeof forwardGraph> {
    return cached(this.#forwards, [kind.targets.length, kind.dropout, keeps], () => forwardGraph(kind, keeps));
  }

  #backward(kind: BlockKind, wantsInput: boolean): BackwardGraph {
    return cached(this.#backwards, [kind.dropout, wantsInput], () => backwardGraph(kind, wantsInput));
  }
}

function cached<T>(map: Map<string, T>, parts: readonly unknown[], build: () => T): T {
  const key = parts.join();
  let value = map.get(key);
  if (!value) map.set(key, (value = build()));
  return value;
}

function feeds(tensors: Record<string, ResidentTensor>): Tensors {
  return new Map(Object.entries(tensors));
}

function resolve(shape: Shape, rows: number, length: number): number[] {
  const sizes: Record<string, number> = { B: rows, T: length, 'B*T': rows * length };
  return shape.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]!));
}
