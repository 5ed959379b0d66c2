import type { GraphModel } from '../../../graph/graph.ts';
import type { Shape } from '../../../graph/shape.ts';
import { TensorPool } from '../../../resident/pool.ts';
import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../../resident/resident.ts';
import { loraScale } from '../../../adapters/lora-adapter.ts';
import type { LoraParameters } from '../../../training/lora-parameters.ts';
import type { BertConfig } from '../config.ts';
import { blockPath } from '../modules.ts';
import { LINEARS, type BertWeights } from '../weights.ts';
import { AdapterBlock } from './adapter-block.ts';
import { backwardGraph, forwardGraph, poolingGraphs, type BackwardGraph, type ForwardGraph } from './block-graphs.ts';
import type { BlockKind } from './block.ts';
import { frozenBlock } from './frozen-block.ts';

type Tensors = ReadonlyMap<string, ResidentTensor>;

/** The size of a chunk, and what its blocks read beside activations. */
export interface ChunkInputs {
  rows: number;
  length: number;
  keyBias: ResidentTensor;
}

/** What a block's backward run needs from its forward run; all tensors belong to the pool. */
export interface KeptBlock {
  block: number;
  x: ResidentTensor;
  values: ReadonlyMap<string, ResidentTensor>;
}

/** The blocks of an encoder on a device: one session per kind of run, the weights of every block as its inputs. */
export class BlockRunner {
  readonly firstAdapted: number;
  readonly layers: number;
  readonly #runtime: ResidentRuntime;
  readonly #pool: TensorPool;
  readonly #hiddenSize: number;
  readonly #frozen: Tensors[] = [];
  readonly #adapters: AdapterBlock[] = [];
  readonly #runs = new Map<string, Promise<{ session: ResidentSession; model: GraphModel }>>();
  readonly #graphs: {
    frozen: () => ForwardGraph;
    plain: () => ForwardGraph;
    kept: ForwardGraph;
    backward: BackwardGraph;
    backwardLowest: BackwardGraph;
    pooling: ReturnType<typeof poolingGraphs>;
  };

  /** @param prefix of the encoder's modules: `bert.` in a sequence classifier */
  constructor(
    runtime: ResidentRuntime,
    pool: TensorPool,
    config: BertConfig,
    weights: BertWeights,
    lora: LoraParameters,
    prefix = '',
  ) {
    this.#runtime = runtime;
    this.#pool = pool;
    this.#hiddenSize = config.hiddenSize;
    this.layers = config.layers;
    const { settings, pairs } = lora.adapter;
    const isAdapted = (block: number) => LINEARS.some((name) => pairs.has(`${blockPath(block, prefix)}.${name}`));
    const blocks = Array.from({ length: config.layers }, (_, block) => block);
    this.firstAdapted = blocks.find(isAdapted) ?? config.layers;
    const targets = LINEARS.filter((name) => settings.targets.includes(name));
    const kind: BlockKind = { config, targets, rank: settings.rank };
    for (const block of blocks) {
      this.#frozen.push(frozenBlock(runtime, config, weights.layers[block]!));
      if (block < this.firstAdapted) continue;
      this.#adapters[block] = new AdapterBlock(runtime, kind, lora, blockPath(block, prefix), loraScale(settings));
    }
    this.#graphs = {
      frozen: () => forwardGraph({ ...kind, targets: [] }, false),
      plain: () => forwardGraph(kind, false),
      kept: forwardGraph(kind, true),
      backward: backwardGraph(kind, true),
      backwardLowest: backwardGraph(kind, false),
      pooling: poolingGraphs(config.hiddenSize),
    };
  }

  /** Bytes of weights and adapters; activations are the pool's. */
  get weightBytes(): number {
    const tensors = [...this.#frozen, ...this.#adapters.map((adapter) => adapter.tensors)].flatMap((map) =>
      map ? [...map.values()] : [],
    );
    return tensors.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  }

  /** Bytes that the adapted blocks keep for a chunk. */
  keptBytes(rows: number, length: number): number {
    const floats = this.#graphs.kept.kept.reduce(
      (sum, { shape }) => sum + elementCount(resolve(shape, rows, length)),
      0,
    );
    return 4 * (this.layers - this.firstAdapted) * (floats + rows * length * this.#hiddenSize);
  }

  upload(): void {
    for (const adapter of this.#adapters) adapter?.upload();
  }

  /** Runs a block that keeps nothing; x goes back to the pool. */
  async forward(block: number, x: ResidentTensor, chunk: ChunkInputs): Promise<ResidentTensor> {
    const adapted = block >= this.firstAdapted;
    const y = this.#take(x.shape);
    await this.#run(
      adapted ? 'plain' : 'frozen',
      adapted ? () => this.#graphs.plain().model : () => this.#graphs.frozen().model,
      [this.#blockInputs(block), feeds({ x, keyBias: chunk.keyBias })],
      new Map([['y', y]]),
    );
    this.#pool.give(x);
    return y;
  }

  /** Runs an adapted block and keeps what its backward run needs, x included. */
  async forwardKept(block: number, x: ResidentTensor, chunk: ChunkInputs): Promise<[ResidentTensor, KeptBlock]> {
    const y = this.#take(x.shape);
    const { model, kept } = this.#graphs.kept;
    const values = new Map(
      kept.map(({ name, shape }) => [name, this.#take(resolve(shape, chunk.rows, chunk.length))] as const),
    );
    await this.#run(
      'kept',
      () => model,
      [this.#blockInputs(block), feeds({ x, keyBias: chunk.keyBias })],
      new Map([['y', y], ...values]),
    );
    return [y, { block, x, values }];
  }

  /**
   * Adds the gradients of a block's low-rank matrices to their parameters' and gives everything kept back to the pool.
   *
   * @returns the gradient of its input, or undefined where nothing below is tuned
   */
  async backward(kept: KeptBlock, dy: ResidentTensor, chunk: ChunkInputs): Promise<ResidentTensor | undefined> {
    const { block, x, values } = kept;
    const lowest = block === this.firstAdapted;
    const graph = lowest ? this.#graphs.backwardLowest : this.#graphs.backward;
    const gradients = this.#take([graph.size]);
    const dx = lowest ? undefined : this.#take(x.shape);
    await this.#run(
      lowest ? 'backwardLowest' : 'backward',
      () => graph.model,
      [this.#blockInputs(block), feeds({ x, dy, keyBias: chunk.keyBias }), values],
      new Map([['gradients', gradients], ...(dx ? [['dx', dx] as const] : [])]),
    );
    this.#adapters[block]!.accumulate((await gradients.read()) as Float32Array, graph);
    this.#pool.give(dy, x, gradients, ...values.values());
    return dx;
  }

  /** Token vectors x [B·T, D] to text vectors [B, D]; x goes back to the pool. */
  async pooled(x: ResidentTensor, shares: Float32Array<ArrayBuffer>, chunk: ChunkInputs): Promise<Float32Array> {
    const share = this.#take([chunk.rows, 1, chunk.length]);
    share.write(shares);
    const pooled = this.#take([chunk.rows, this.#hiddenSize]);
    const inputs = feeds({ x, share });
    await this.#run('pooling', () => this.#graphs.pooling.forward, [inputs], new Map([['pooled', pooled]]));
    const vectors = (await pooled.read()) as Float32Array;
    this.#pool.give(x, share, pooled);
    return vectors;
  }

  /** The gradient of {@link pooled}. */
  async dPooled(
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
    await this.#run('dPooling', () => this.#graphs.pooling.backward, [inputs], new Map([['dx', dx]]));
    this.#pool.give(share, dPooled);
    return dx;
  }

  async dispose(): Promise<void> {
    for (const run of this.#runs.values()) await run.then(({ session }) => session.dispose()).catch(() => undefined);
    for (const tensors of this.#frozen) for (const tensor of tensors.values()) tensor.dispose();
    for (const adapter of this.#adapters) adapter?.dispose();
  }

  #take(shape: readonly number[]): ResidentTensor<'float32'> {
    return this.#pool.take('float32', shape);
  }

  #blockInputs(block: number): Tensors {
    const adapter = this.#adapters[block]?.tensors;
    return adapter ? new Map<string, ResidentTensor>([...this.#frozen[block]!, ...adapter]) : this.#frozen[block]!;
  }

  async #run(name: string, model: () => GraphModel, inputs: readonly Tensors[], outputs: Tensors): Promise<void> {
    let run = this.#runs.get(name);
    if (!run) {
      const built = model();
      run = this.#runtime
        .createSession(built, new Map(), `training graph ${name}`)
        .then((session) => ({ session, model: built }));
      this.#runs.set(name, run);
    }
    const { session, model: built } = await run;
    const needed = new Map<string, ResidentTensor>();
    for (const { name: input } of built.inputs) {
      const tensor = inputs.find((map) => map.has(input))?.get(input);
      if (!tensor) throw new TypeError(`The training graph ${name} is not fed ${input}.`);
      needed.set(input, tensor);
    }
    await session.run(needed, outputs);
  }
}

function feeds(tensors: Record<string, ResidentTensor>): Tensors {
  return new Map(Object.entries(tensors));
}

function resolve(shape: Shape, rows: number, length: number): number[] {
  const sizes: Record<string, number> = { B: rows, T: length, 'B*T': rows * length };
  return shape.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]!));
}
