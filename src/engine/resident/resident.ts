import type { GraphModel } from '../graph/graph.ts';
import type { DataType } from '../onnx/data-type.ts';
import type { Device } from '../runtime/runtime.ts';
import type { Numbers } from './numbers.ts';

export type { Numbers } from './numbers.ts';
export type ResidentType = DataType;

/**
 * A tensor that lives in the runtime's own memory (wasm heap, GPU, or Node's) for as long as its owner wants. Runs take
 * it without copying, and write their outputs into it.
 */
export interface ResidentTensor<T extends ResidentType = ResidentType> {
  readonly dataType: T;
  readonly shape: readonly number[];
  /** Copies numbers in, from the given element on. What is written is seen by the runs that start afterwards. */
  write(numbers: Numbers<T>, at?: number): void;
  /** A copy of its numbers, or of the elements `from` to `to` alone. */
  read(from?: number, to?: number): Promise<Numbers<T>>;
  /**
   * The same memory in another shape, of as many elements or fewer: a large tensor serves smaller batches. Dispose of
   * it too; the memory goes with the tensor that was allocated, so that one has to live longest.
   */
  view(shape: readonly number[]): ResidentTensor<T>;
  /** Frees it; a second call does nothing. */
  dispose(): void;
}

export interface ResidentSession {
  /**
   * Runs the graph. An input and an output may be the same tensor where the operator allows it (key/value caches).
   *
   * @param outputs those that are wanted, each in its final shape; onnxruntime leaves out what only others need
   * @throws AttuneError `engine/out-of-memory`, `engine/device-lost`, `engine/run-failed`
   */
  run(inputs: ReadonlyMap<string, ResidentTensor>, outputs: ReadonlyMap<string, ResidentTensor>): Promise<void>;
  dispose(): Promise<void>;
}

/** What is alive in a runtime: equal before and after a run that leaks nothing. */
export interface ResidentUsage {
  tensors: number;
  /** Bytes of the tensors; views count nothing. */
  tensorBytes: number;
  sessions: number;
  /** wasm: the whole heap, kernels' own memory included. It grows and never shrinks, so it is the peak. */
  heapBytes?: number;
}

export interface ResidentSessionOptions {
  /** onnxruntime's configuration entries: `session.disable_quant_qdq` -> `1`. */
  config?: Readonly<Record<string, string>>;
  /** Prints what onnxruntime decides, so on which device each node runs, to the console. */
  verbose?: boolean;
}

/**
 * onnxruntime with tensors that stay where it computes. The ordinary {@link Runtime} copies all inputs and outputs at
 * every run, which for a decoder is its whole key/value cache twice per token (ADR 20).
 */
export interface ResidentRuntime {
  readonly device: Device;
  readonly threads: number;
  /** Whether kernels take float16: not every GPU's do. */
  readonly float16: boolean;
  readonly usage: Readonly<ResidentUsage>;
  /** Called before a session's first run where that compiles for seconds (WebGPU), with the session's name. */
  onCompile?: ((session: string) => void) | undefined;
  /**
   * A tensor of zeros, or of the numbers given.
   *
   * @throws AttuneError `engine/out-of-memory`; TypeError for what the runtime cannot be fed: 4-bit integers in Node
   */
  tensor<T extends ResidentType>(dataType: T, shape: readonly number[], numbers?: Numbers<T>): ResidentTensor<T>;
  /**
   * @param readers bytes of the weights that the graph only declares, asked for one by one while the session is made
   * @throws AttuneError `engine/out-of-memory`, `engine/device-lost`, `engine/load-failed`
   */
  createSession(
    model: GraphModel,
    readers: ReadonlyMap<string, () => Uint8Array>,
    name: string,
    options?: ResidentSessionOptions,
  ): Promise<ResidentSession>;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** @throws RangeError when a view would be larger than what it looks at */
export function checkView(tensor: ResidentTensor, shape: readonly number[]): void {
  if (elementCount(shape) > elementCount(tensor.shape))
    throw new RangeError(`A tensor [${tensor.shape.join(', ')}] cannot be seen as [${shape.join(', ')}].`);
}

/** A new tensor with its first numbers; where they do not fit it is freed, for nobody else knows of it. */
export function filled<T extends ResidentTensor>(tensor: T, fill: (tensor: T) => void): T {
  try {
    fill(tensor);
    return tensor;
  } catch (error) {
    tensor.dispose();
    throw error;
  }
}

/** `session.disable_quant_qdq` -> `{ session: { disable_quant_qdq } }`, which is how onnxruntime's packages want it. */
export function nestedConfig(config: Readonly<Record<string, string>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(config)) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let at = out;
    for (const key of keys) at = (at[key] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return out;
}
