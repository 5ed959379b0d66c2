import { byteLength } from '../../../onnx/data-type.ts';
import type { Shape } from '../../../graph/shape.ts';
import { allOrNone, type Allocator } from '../../../resident/all-or-none.ts';
import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../../resident/resident.ts';
import { LLAMA_LINEARS, type LlamaLinear } from '../linears.ts';
import type { StoredMatrix } from '../matrix.ts';
import type { LlamaLayerWeights, LoadedLlama } from '../weights.ts';
import { backwardGraph, forwardGraph, type KeptValues } from './block.ts';
import { blockKind, kindKey, loraMatrices, STORED_AS, type BlockKind } from './block-kind.ts';
import { frozenFormat, frozenTensors, SESSION_OPTIONS, type FrozenWeights } from './frozen-matrix.ts';
import type { PoolScope } from './pool-scope.ts';

export type Tensors = ReadonlyMap<string, ResidentTensor>;

/** How a block runs: what it is fed beside its weights and its input, and what it keeps. */
export interface BlockRun {
  rows: number;
  length: number;
  shared: Tensors;
  kept: KeptValues;
  dropout: boolean;
  /** Parts of a row's queries that attention takes one by one. */
  parts: number;
  scope: PoolScope;
}

export interface BlocksOptions {
  weights: FrozenWeights;
  targets: readonly LlamaLinear[];
  rank: number;
  /** The first block that has low-rank matrices. */
  firstAdapted: number;
}

interface Block {
  kind: BlockKind;
  frozen: [string, ResidentTensor][];
  lora: Map<string, ResidentTensor>;
}

type Direction = 'forward' | 'backward' | 'backward without dx';

interface Session {
  session: Promise<ResidentSession>;
  /** What the graph reads. */
  inputs: readonly string[];
  kept: readonly { name: string; shape: Shape }[];
}

/** The blocks of a model on the device: frozen weights, low-rank matrices, and the sessions that blocks share. */
export class Blocks {
  readonly #runtime: ResidentRuntime;
  readonly #hidden: number;
  readonly #blocks: Block[] = [];
  readonly #sessions = new Map<string, Session>();
  readonly #keptShapes = new Map<string, Session['kept']>();
  /** Bytes of the frozen weights and low-rank matrices. */
  weightBytes = 0;

  constructor({ config, weights: { layers } }: LoadedLlama, runtime: ResidentRuntime, options: BlocksOptions) {
    this.#runtime = runtime;
    this.#hidden = config.hidden;
    const { weights, targets, rank, firstAdapted } = options;
    allOrNone(runtime, (allocator) => {
      layers.forEach((layer, i) => {
        const adapted = { targets: i >= firstAdapted ? targets : [], rank };
        const kind = blockKind(config, layer, (type) => frozenFormat(type, weights, runtime), adapted);
        const block: Block = { kind, frozen: [...frozenLayer(allocator, kind, layer)], lora: new Map() };
        this.#blocks.push(block);
        for (const { name, shape } of loraMatrices(kind)) block.lora.set(name, allocator.tensor('float32', shape));
        for (const tensor of tensorsOf(block)) {
          this.weightBytes += byteLength(tensor.dataType, elementCount(tensor.shape));
        }
      });
    });
  }

  get count(): number {
    return this.#blocks.length;
  }

  kind(layer: number): BlockKind {
    return this.#blocks[layer]!.kind;
  }

  /** Copies a low-rank matrix to the device. */
  write(layer: number, name: string, numbers: Float32Array<ArrayBuffer>): void {
    this.#blocks[layer]!.lora.get(name)!.write(numbers);
  }

  /** Bytes that a block keeps from its forward to its backward run, its input included. */
  keptBytes(layer: number, kept: KeptValues, size: Pick<BlockRun, 'rows' | 'length' | 'parts'>): number {
    const kind = { ...this.kind(layer), parts: size.parts };
    const key = `${kept} ${kindKey(kind)}`;
    const shapes = this.#keptShapes.get(key) ?? forwardGraph(kind, kept).kept;
    this.#keptShapes.set(key, shapes);
    const values = shapes.map(({ shape }) => concrete(shape, size));
    return (
      4 * [[size.rows * size.length, this.#hidden], ...values].reduce((sum, shape) => sum + elementCount(shape), 0)
    );
  }

  /** @returns the block's output and what it kept, taken from the scope */
  async forward(layer: number, x: ResidentTensor, run: BlockRun): Promise<{ y: ResidentTensor; kept: Tensors }> {
    const { session, inputs, kept: shapes } = this.#session(layer, 'forward', run);
    const y = run.scope.take([run.rows * run.length, this.#hidden]);
    const kept = new Map(shapes.map(({ name, shape }) => [name, run.scope.take(concrete(shape, run))]));
    await (await session).run(this.#feed(layer, inputs, [['x', x], ...run.shared]), new Map([['y', y], ...kept]));
    return { y, kept };
  }

  /**
   * @param forward what the forward run read and kept, and the gradient of its output
   * @returns the gradients of the block's low-rank matrices in one vector, and that of its input where it is wanted
   */
  async backward(
    layer: number,
    forward: { x: ResidentTensor; kept: Tensors; dy: ResidentTensor },
    run: BlockRun,
    wantsInput: boolean,
  ): Promise<{ gradients: ResidentTensor; dx?: ResidentTensor }> {
    const { session, inputs } = this.#session(layer, wantsInput ? 'backward' : 'backward without dx', run);
    const length = loraMatrices(this.kind(layer)).reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const gradients = run.scope.take([length]);
    const dx = wantsInput ? run.scope.take([run.rows * run.length, this.#hidden]) : undefined;
    const feeds = this.#feed(layer, inputs, [['x', forward.x], ['dy', forward.dy], ...run.shared, ...forward.kept]);
    await (await session).run(feeds, new Map([['gradients', gradients], ...(dx ? [['dx', dx] as const] : [])]));
    return { gradients, dx };
  }

  async dispose(): Promise<void> {
    for (const { session } of this.#sessions.values()) await (await session).dispose();
    for (const block of this.#blocks) for (const tensor of tensorsOf(block)) tensor.dispose();
  }

  #feed(layer: number, inputs: readonly string[], values: [string, ResidentTensor][]): Map<string, ResidentTensor> {
    const { frozen, lora } = this.#blocks[layer]!;
    const all = new Map([...frozen, ...lora, ...values]);
    return new Map(inputs.map((name) => [name, all.get(name)!]));
  }

  #session(
    layer: number,
    direction: Direction,
    { kept, dropout, parts }: Pick<BlockRun, 'kept' | 'dropout' | 'parts'>,
  ): Session {
    const kind = { ...this.kind(layer), dropout, parts };
    const key = `${direction} ${kept} ${kindKey(kind)}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const { model, kept: shapes } =
      direction === 'forward'
        ? forwardGraph(kind, kept)
        : { model: backwardGraph(kind, kept, direction === 'backward'), kept: [] };
    const session = this.#runtime.createSession(model, new Map(), `the model's block (${direction})`, SESSION_OPTIONS);
    // A failure is never kept: after an out-of-memory the next try may fit.
    session.catch(() => this.#sessions.delete(key));
    const made = { session, inputs: model.inputs.map(({ name }) => name), kept: shapes };
    this.#sessions.set(key, made);
    return made;
  }
}

function tensorsOf({ frozen, lora }: Block): ResidentTensor[] {
  return [...frozen.map(([, tensor]) => tensor), ...lora.values()];
}

function* frozenLayer(
  allocator: Allocator,
  kind: BlockKind,
  layer: LlamaLayerWeights,
): Generator<[string, ResidentTensor]> {
  for (const linear of LLAMA_LINEARS)
    yield* frozenTensors(allocator, `${linear}.weight`, layer[STORED_AS[linear]], kind.formats[linear]);
  const vectors: [string, StoredMatrix | undefined][] = [
    ['attention_norm', layer.attentionNorm],
    ['feed_forward_norm', layer.feedForwardNorm],
    ['q_proj.bias', layer.queryBias],
    ['k_proj.bias', layer.keyBias],
    ['v_proj.bias', layer.valueBias],
    ['q_norm', layer.queryNorm],
    ['k_norm', layer.keyNorm],
  ];
  for (const [name, stored] of vectors)
    if (stored) yield [name, allocator.tensor('float32', [stored.columns], stored.toFloat32())];
}

/** A shape in B and T as numbers: `3*T/4` is three quarters of the length. */
function concrete(shape: Shape, { rows, length }: { rows: number; length: number }): number[] {
  const size = (text: string) => (text === 'B' ? rows : text === 'T' ? length : Number(text));
  const factor = (text: string) =>
    text
      .split('/')
      .map(size)
      .reduce((whole, parts) => whole / parts);
  return shape.map((dim) => (typeof dim === 'number' ? dim : dim.split('*').reduce((n, part) => n * factor(part), 1)));
}
