import { byteLength } from '../../../onnx/data-type.ts';
import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../../resident/resident.ts';
import type { LoadedLlama } from '../weights.ts';
import { frozenFormat, frozenTensors, type FrozenWeights } from './frozen-matrix.ts';
import { headGraph } from './head.ts';
import type { LossRow } from './causal-layout.ts';

/** Rows are padded to a multiple of this: new shapes cost WebGPU new pipelines. */
const STEP = 8;

/** Final norm, output matrix and loss on the device; see {@link headGraph}. */
export class HeadRunner {
  readonly #runtime: ResidentRuntime;
  readonly #session: ResidentSession;
  readonly #frozen: ReadonlyMap<string, ResidentTensor>;
  readonly #hidden: number;
  /** Rows at a time. */
  readonly #chunk: number;
  readonly weightBytes: number;

  private constructor(
    runtime: ResidentRuntime,
    session: ResidentSession,
    frozen: ReadonlyMap<string, ResidentTensor>,
    hidden: number,
    chunk: number,
  ) {
    this.#runtime = runtime;
    this.#session = session;
    this.#frozen = frozen;
    this.#hidden = hidden;
    this.#chunk = chunk;
    this.weightBytes = [...frozen.values()].reduce(
      (sum, { dataType, shape }) => sum + byteLength(dataType, elementCount(shape)),
      0,
    );
  }

  /** @param logitBytes memory that a chunk's logits may take */
  static async create(
    { config, weights: { embedding, head = embedding, finalNorm } }: LoadedLlama,
    runtime: ResidentRuntime,
    weights: FrozenWeights,
    logitBytes: number,
  ): Promise<HeadRunner> {
    const format = frozenFormat(head.type, weights);
    const session = await runtime.createSession(headGraph(config, format), new Map(), "the model's head");
    const frozen = new Map<string, ResidentTensor>([
      ...frozenTensors(runtime, 'head', head, format),
      ['final_norm', runtime.tensor('float32', [config.hidden], finalNorm.toFloat32())],
    ]);
    const chunk = Math.max(STEP, Math.floor(logitBytes / (config.vocabulary * 4) / STEP) * STEP);
    return new HeadRunner(runtime, session, frozen, config.hidden, chunk);
  }

  /**
   * @param y hidden states after the last block, [N, hidden]
   * @returns loss of every row, and, where wanted, the gradient [N, hidden] of Σ weight·row weight·loss
   */
  async run(y: Float32Array, rows: readonly LossRow[], gradientWeight: number | undefined, signal?: AbortSignal) {
    const losses = new Float32Array(rows.length);
    const gradient = gradientWeight === undefined ? undefined : new Float32Array(y.length);
    for (let from = 0; from < rows.length; from += this.#chunk) {
      signal?.throwIfAborted();
      const chunk = rows.slice(from, from + this.#chunk);
      const { loss, dx } = await this.#runChunk(y, chunk, gradientWeight);
      losses.set(loss.subarray(0, chunk.length), from);
      // A token that predicts several branches has several rows.
      chunk.forEach(({ token }, i) => {
        for (let d = 0; dx && d < this.#hidden; d++) gradient![token * this.#hidden + d]! += dx[i * this.#hidden + d]!;
      });
    }
    return { losses, gradient };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    for (const tensor of this.#frozen.values()) tensor.dispose();
  }

  async #runChunk(y: Float32Array, rows: readonly LossRow[], gradientWeight: number | undefined) {
    const n = Math.ceil(rows.length / STEP) * STEP;
    const hidden = this.#hidden;
    const x = new Float32Array(n * hidden);
    const targets = new Int32Array(n);
    const weight = new Float32Array(n);
    rows.forEach((row, i) => {
      x.set(y.subarray(row.token * hidden, (row.token + 1) * hidden), i * hidden);
      targets[i] = row.target;
      weight[i] = row.weight * (gradientWeight ?? 0);
    });
    const runtime = this.#runtime;
    const inputs = new Map<string, ResidentTensor>([
      ['x', runtime.tensor('float32', [n, hidden], x)],
      ['targets', runtime.tensor('int32', [n, 1], targets)],
      ['shares', runtime.tensor('float32', [n, 1, 1], new Float32Array(n).fill(1))],
      ['weight', runtime.tensor('float32', [n, 1], weight)],
    ]);
    const loss = runtime.tensor('float32', [n, 1]);
    const dx = gradientWeight === undefined ? undefined : runtime.tensor('float32', [n, hidden]);
    try {
      await this.#session.run(
        new Map([...this.#frozen, ...inputs]),
        new Map([['loss', loss], ...(dx ? [['dx', dx] as const] : [])]),
      );
      return { loss: await loss.read(), dx: await dx?.read() };
    } finally {
      for (const tensor of [...inputs.values(), loss, ...(dx ? [dx] : [])]) tensor.dispose();
    }
  }
}
