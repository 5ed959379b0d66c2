import { byteLength } from '../../../onnx/data-type.ts';
import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../../resident/resident.ts';
import type { LlamaLinear } from '../adapter.ts';
import { LLAMA_LINEARS } from '../adapter.ts';
import type { StoredMatrix } from '../matrix.ts';
import type { LlamaLayerWeights, LoadedLlama } from '../weights.ts';
import { backwardGraph, forwardGraph, type KeptValues } from './block.ts';
import { blockKind, kindKey, loraMatrices, STORED_AS, type BlockKind } from './block-kind.ts';
import { frozenTensors, type FrozenWeights } from './frozen-matrix.ts';
import type { PoolScope } from './pool-scope.ts';

export type Tensors = ReadonlyMap<string, ResidentTensor>;

/** Sizes of a batch: rows, and tokens of each. */
export interface BatchSize {
  rows: number;
  length: number;
}

interface Block {
  kind: BlockKind;
  frozen: [string, ResidentTensor][];
  lora: Map<string, ResidentTensor>;
}

interface Session {
  session: Promise<ResidentSession>;
  /** What the graph reads. */
  inputs: readonly string[];
  kept: readonly { name: string; shape: readonly (number | string)[] }[];
}

/** The blocks of a model on the device: frozen weights, low-rank matrices, and the sessions that all blocks share. */
export class Blocks {
  readonly #runtime: ResidentRuntime;
  readonly #hidden: number;
  readonly #blocks: Block[] = [];
  readonly #sessions = new Map<string, Session>();
  /** Bytes of the frozen weights and low-rank matrices. */
  weightBytes = 0;

  constructor(
    { config, weights: { layers } }: LoadedLlama,
    runtime: ResidentRuntime,
    { weights, targets, rank, firstAdapted }: BlocksOptions,
  ) {
    this.#runtime = runtime;
    this.#hidden = config.hidden;
    layers.forEach((layer, i) => {
      const adapted = { targets: i >= firstAdapted ? targets : [], rank };
      const kind = blockKind(config, layer, weights, adapted);
      const lora = new Map(loraMatrices(kind).map(({ name, shape }) => [name, runtime.tensor('float32', shape)]));
      const block = { kind, frozen: frozenLayer(runtime, kind, layer), lora };
      for (const tensor of [...block.frozen.map(([, frozen]) => frozen), ...lora.values()]) {
        this.weightBytes += byteLength(tensor.dataType, elementCount(tensor.shape));
      }
      this.#blocks.push(block);
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

  /** Bytes that a block keeps from its forward to its backward run. */
  keptBytes(layer: number, kept: KeptValues, size: BatchSize): number {
    const shapes = this.#session(layer, 'forward', kept).kept;
    return shapes.reduce((sum, { shape }) => sum + 4 * elementCount(concrete(shape, size)), 0);
  }

  /** @returns the block's output and what it kept, taken from the scope */
  async forward(
    layer: number,
    x: ResidentTensor,
    shared: Tensors,
    kept: KeptValues,
    size: BatchSize,
    scope: PoolScope,
  ) {
    const { session, inputs, kept: shapes } = this.#session(layer, 'forward', kept);
    const y = scope.take([size.rows * size.length, this.#hidden]);
    const values = new Map(shapes.map(({ name, shape }) => [name, scope.take(concrete(shape, size))]));
    await (await session).run(this.#feed(layer, inputs, [['x', x], ...shared]), new Map([['y', y], ...values]));
    return { y, kept: values };
  }

  /** @returns the gradients of the block's low-rank matrices in one vector, and that of its input where it is wanted */
  async backward(
    layer: number,
    forward: { x: ResidentTensor; kept: Tensors; dy: ResidentTensor },
    shared: Tensors,
    kept: KeptValues,
    size: BatchSize,
    scope: PoolScope,
    wantsInput: boolean,
  ) {
    const { session, inputs } = this.#session(layer, wantsInput ? 'backward' : 'backward, no dx', kept);
    const length = loraMatrices(this.kind(layer)).reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const gradients = scope.take([length]);
    const dx = wantsInput ? scope.take([size.rows * size.length, this.#hidden]) : undefined;
    const feeds = this.#feed(layer, inputs, [['x', forward.x], ['dy', forward.dy], ...shared, ...forward.kept]);
    await (await session).run(feeds, new Map([['gradients', gradients], ...(dx ? [['dx', dx] as const] : [])]));
    return { gradients, dx };
  }

  async dispose(): Promise<void> {
    for (const { session } of this.#sessions.values()) await (await session).dispose();
    for (const { frozen, lora } of this.#blocks) {
      for (const [, tensor] of frozen) tensor.dispose();
      for (const tensor of lora.values()) tensor.dispose();
    }
  }

  #feed(layer: number, inputs: readonly string[], values: [string, ResidentTensor][]): Map<string, ResidentTensor> {
    const { frozen, lora } = this.#blocks[layer]!;
    const all = new Map([...frozen, ...lora, ...values]);
    return new Map(inputs.map((name) => [name, all.get(name)!]));
  }

  #session(layer: number, direction: 'forward' | 'backward' | 'backward, no dx', kept: KeptValues): Session {
    const kind = this.kind(layer);
    const key = `${direction} ${kept} ${kindKey(kind)}`;
    let known = this.#sessions.get(key);
    if (!known) {
      const { model, kept: shapes } =
        direction === 'forward'
          ? forwardGraph(kind, kept)
          : { model: backwardGraph(kind, kept, direction === 'backward'), kept: [] };
      known = {
        session: this.#runtime.createSession(model, new Map(), `the model's ${direction} block`),
        inputs: model.inputs.map(({ name }) => name),
        kept: shapes,
      };
      this.#sessions.set(key, known);
    }
    return known;
  }
}

export interface BlocksOptions {
  weights: FrozenWeights;
  targets: readonly LlamaLinear[];
  rank: number;
  /** The first block that has low-rank matrices. */
  firstAdapted: number;
}

function frozenLayer(runtime: ResidentRuntime, kind: BlockKind, layer: LlamaLayerWeights): [string, ResidentTensor][] {
  const vector = (name: string, stored: StoredMatrix | undefined): [string, ResidentTensor][] =>
    stored ? [[name, runtime.tensor('float32', [stored.columns], stored.toFloat32())]] : [];
  return [
    ...LLAMA_LINEARS.flatMap((linear) =>
      frozenTensors(runtime, `${linear}.weight`, layer[STORED_AS[linear]], kind.formats[linear]),
    ),
    ...vector('attention_norm', layer.attentionNorm),
    ...vector('feed_forward_norm', layer.feedForwardNorm),
    ...vector('q_proj.bias', layer.queryBias),
    ...vector('k_proj.bias', layer.keyBias),
    ...vector('v_proj.bias', layer.valueBias),
    ...vector('q_norm', layer.queryNorm),
    ...vector('k_norm', layer.keyNorm),
  ];
}

/** A shape in B and T as numbers: `3*T` is three times the length. */
function concrete(shape: readonly (number | string)[], { rows, length }: BatchSize): number[] {
  const factor = (text: string) => (text === 'B' ? rows : text === 'T' ? length : Number(text));
  return shape.map((dim) => (typeof dim === 'number' ? dim : dim.split('*').reduce((n, part) => n * factor(part), 1)));
}
