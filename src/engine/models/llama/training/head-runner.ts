import { byteLength } from '../../../onnx/data-type.ts';
import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../../resident/resident.ts';
import type { LoadedLlama } from '../weights.ts';
import type { LossRow } from './causal-layout.ts';
import { frozenFormat, frozenTensors, SESSION_OPTIONS, type FrozenWeights } from './frozen-matrix.ts';
import { headGraph } from './head.ts';

/** Rows are padded to a multiple of this: new shapes cost WebGPU new pipelines. */
const STEP = 8;

/** Final norm, output matrix and loss on the device; see {@link headGraph}. */
export class HeadRunner {
  readonly #runtime: ResidentRuntime;
  readonly #session: ResidentSession;
  readonly #frozen: ReadonlyMap<string, ResidentTensor>;
  readonly #hidden: number;
  readonly #rowsAtOnce: number;
  readonly weightBytes: number;

  private constructor(
    runtime: ResidentRuntime,
    session: ResidentSession,
    frozen: ReadonlyMap<string, ResidentTensor>,
    hidden: number,
    rowsAtOnce: number,
  ) {
    this.#runtime = runtime;
    this.#session = session;
    this.#frozen = frozen;
    this.#hidden = hidden;
    this.#rowsAtOnce = rowsAtOnce;
    this.weightBytes = [...frozen.values()].reduce(
      (sum, { dataType, shape }) => sum + byteLength(dataType, elementCount(shape)),
      0,
    );
  }

  /** @param logitBytes memory that logits may take: so many rows go through the head at once */
  static async create(
    { config, weights: { embedding, head = embedding, finalNorm } }: LoadedLlama,
    runtime: ResidentRuntime,
    weights: FrozenWeights,
    logitBytes: number,
  ): Promise<HeadRunner> {
    const format = frozenFormat(head.type, weights, runtime);
    const session = await runtime.createSession(
      headGraph(config, format),
      new Map(),
      "the model's head",
      SESSION_OPTIONS,
    );
    const frozen = new Map<string, ResidentTensor>([
      ...frozenTensors(runtime, 'head', head, format),
      ['final_norm', runtime.tensor('float32', [config.hidden], finalNorm.toFloat32())],
    ]);
    const rowsAtOnce = Math.max(STEP, Math.floor(logitBytes / (config.vocabulary * 4) / STEP) * STEP);
    return new HeadRunner(runtime, session, frozen, config.hidden, rowsAtOnce);
  }

  /**
   * @param y hidden states after the last block, [N, hidden]
   * @param gradientWeight factor of the gradient; absent: the losses alone
   * @returns the loss of every row, and the gradient [N, hidden] of factor·Σ row weight·loss
   */
  async run(y: Float32Array, rows: readonly LossRow[], gradientWeight?: number, signal?: AbortSignal) {
    const hidden = this.#hidden;
    const losses = new Float32Array(rows.length);
    const gradient = gradientWeight === undefined ? undefined : new Float32Array(y.length);
    for (let from = 0; from < rows.length; from += this.#rowsAtOnce) {
      signal?.throwIfAborted();
      const part = rows.slice(from, from + this.#rowsAtOnce);
      const { loss, dx } = await this.#runPart(y, part, gradientWeight);
      losses.set(loss.subarray(0, part.length), from);
      // Added, for the end of a trunk predicts the first token of all its branches.
      part.forEach(({ at }, i) => {
        for (let d = 0; dx && d < hidden; d++) gradient![at * hidden + d]! += dx[i * hidden + d]!;
      });
    }
    return { losses, gradient };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    for (const tensor of this.#frozen.values()) tensor.dispose();
  }

  async #runPart(y: Float32Array, rows: readonly LossRow[], gradientWeight: number | undefined) {
    const n = Math.ceil(rows.length / STEP) * STEP;
    const k = Math.max(...rows.map(({ targets }) => targets.length));
    const hidden = this.#hidden;
    const x = new Float32Array(n * hidden);
    const targets = new Int32Array(n * k);
    const shares = new Float32Array(n * k);
    const weight = new Float32Array(n);
    rows.forEach((row, i) => {
      x.set(y.subarray(row.at * hidden, (row.at + 1) * hidden), i * hidden);
      weight[i] = row.weight * (gradientWeight ?? 0);
      row.targets.forEach(({ token, share }, j) => {
        targets[i * k + j] = token;
        shares[i * k + j] = share;
      });
    });
    const runtime = this.#runtime;
    const inputs = new Map<string, ResidentTensor>([
      ['x', runtime.tensor('float32', [n, hidden], x)],
      ['targets', runtime.tensor('int32', [n, k], targets)],
      ['shares', runtime.tensor('float32', [n, k, 1], shares)],
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
