import { byteLength } from '../../../onnx/data-type.ts';
import { allOrNone } from '../../../resident/all-or-none.ts';
import {
  elementCount,
  type ResidentRuntime,
  type ResidentSession,
  type ResidentTensor,
} from '../../../resident/resident.ts';
import { StoredMatrix } from '../matrix.ts';
import type { LoadedLlama } from '../weights.ts';
import type { LossRow } from './causal-layout.ts';
import { frozenFormat, frozenTensors, SESSION_OPTIONS, type FrozenWeights } from './frozen-matrix.ts';
import { headGraph, headPart } from './head.ts';

/** Rows are padded to a multiple of this: new shapes cost WebGPU new pipelines. */
const STEP = 8;
/** Floats of a line of cache. */
const LINE = 16;

export interface HeadOptions {
  weights: FrozenWeights;
  /** About how many words of the vocabulary have logits at once: such a product stays in a core's cache. */
  words: number;
  /** Memory that logits may take: so many rows go through the head at once. */
  logitBytes: number;
}

/** Final norm, output matrix and loss on the device; see {@link headGraph}. */
export class HeadRunner {
  readonly #runtime: ResidentRuntime;
  readonly #session: ResidentSession;
  readonly #matrix: StoredMatrix;
  readonly #frozen: ReadonlyMap<string, ResidentTensor>;
  readonly #rowsAtOnce: number;
  readonly weightBytes: number;

  private constructor(
    runtime: ResidentRuntime,
    session: ResidentSession,
    matrix: StoredMatrix,
    frozen: ReadonlyMap<string, ResidentTensor>,
    rowsAtOnce: number,
  ) {
    this.#runtime = runtime;
    this.#session = session;
    this.#matrix = matrix;
    this.#frozen = frozen;
    this.#rowsAtOnce = rowsAtOnce;
    this.weightBytes = [...frozen.values()].reduce(
      (sum, { dataType, shape }) => sum + byteLength(dataType, elementCount(shape)),
      0,
    );
  }

  static async create(
    { config, weights: { embedding, head = embedding, finalNorm } }: LoadedLlama,
    runtime: ResidentRuntime,
    { weights, words, logitBytes }: HeadOptions,
  ): Promise<HeadRunner> {
    const format = frozenFormat(head.type, weights, runtime);
    const parts = partsOf(head, words);
    const graph = headGraph(
      config,
      format,
      parts.map(({ rows }) => rows),
    );
    const session = await runtime.createSession(graph, new Map(), "the model's head", SESSION_OPTIONS);
    const rowsAtOnce = Math.max(STEP, Math.floor(logitBytes / (parts[0]!.rows * 4) / STEP) * STEP);
    try {
      const frozen = allOrNone(runtime, (allocator) => {
        const matrix = parts.flatMap((part, i) => [...frozenTensors(allocator, headPart(i), part, format)]);
        const norm = allocator.tensor('float32', [config.hidden], finalNorm.toFloat32());
        return new Map<string, ResidentTensor>([...matrix, ['final_norm', norm]]);
      });
      return new HeadRunner(runtime, session, head, frozen, rowsAtOnce);
    } catch (error) {
      await session.dispose();
      throw error;
    }
  }

  /**
   * @param y hidden states after the last block, [N, hidden]
   * @param gradientWeight factor of the gradient; absent: the losses alone
   * @returns the loss of every row, and the gradient [N, hidden] of factor·Σ row weight·loss
   */
  async run(y: Float32Array, rows: readonly LossRow[], gradientWeight?: number, signal?: AbortSignal) {
    const hidden = this.#matrix.columns;
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
    const hidden = this.#matrix.columns;
    const x = new Float32Array(n * hidden);
    const expected = new Float32Array(n * hidden);
    const weight = new Float32Array(n);
    rows.forEach((row, i) => {
      x.set(y.subarray(row.at * hidden, (row.at + 1) * hidden), i * hidden);
      weight[i] = row.weight * (gradientWeight ?? 0);
      this.#expect(row, expected.subarray(i * hidden, (i + 1) * hidden));
    });
    const { inputs, loss, dx } = allOrNone(this.#runtime, ({ tensor }) => ({
      inputs: new Map<string, ResidentTensor>([
        ['x', tensor('float32', [n, hidden], x)],
        ['expected', tensor('float32', [n, hidden], expected)],
        ['weight', tensor('float32', [n, 1], weight)],
      ]),
      loss: tensor('float32', [n, 1]),
      dx: gradientWeight === undefined ? undefined : tensor('float32', [n, hidden]),
    }));
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

  /** Adds Σ share·W[token]. */
  #expect({ targets }: LossRow, out: Float32Array): void {
    for (const { token, share } of targets) {
      const row = this.#matrix.toFloat32(token, token + 1);
      for (let d = 0; d < row.length; d++) out[d]! += share * row[d]!;
    }
  }
}

/**
 * The output matrix in parts of equal size. Each takes an odd number of lines of cache: logits of some rows that lie a
 * power of two apart would push each other out of it.
 */
function partsOf({ type, rows, columns, bytes }: StoredMatrix, words: number): StoredMatrix[] {
  const count = Math.ceil(rows / words);
  const size = Math.min(rows, LINE * (Math.ceil(rows / count / LINE) | 1));
  const stride = bytes.length / rows;
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const [from, to] = [i * size, Math.min(rows, (i + 1) * size)];
    return new StoredMatrix(type, to - from, columns, bytes.subarray(from * stride, to * stride));
  });
}
