import type { GraphModel } from '../graph/graph.ts';
import type { DataType } from '../onnx/data-type.ts';
import type { Device } from '../runtime/runtime.ts';

/** Numbers of a tensor as JavaScript has them. */
export type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
export type ResidentType = Extract<DataType, 'float32' | 'int32'>;

/**
 * A tensor that lives in the runtime's own memory (wasm heap, GPU, or Node's) for as long as its owner wants. Runs take
 * it without copying, and write their outputs into it.
 */
export interface ResidentTensor {
  readonly dataType: ResidentType;
  readonly shape: readonly number[];
  /** Copies numbers in, from the given element on. */
  write(numbers: Numbers, at?: number): void;
  /** A copy of all its numbers. */
  read(): Promise<Numbers>;
  dispose(): void;
}

export interface ResidentSession {
  /**
   * Runs the graph. An input and an output may be the same tensor where the operator allows it (key/value caches).
   *
   * @param outputs every output that is wanted, in its final shape
   */
  run(inputs: ReadonlyMap<string, ResidentTensor>, outputs: ReadonlyMap<string, ResidentTensor>): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * onnxruntime with tensors that stay where it computes. The ordinary {@link Runtime} copies all inputs and outputs at
 * every run, which for a decoder is its whole key/value cache twice per token (ADR 20).
 */
export interface ResidentRuntime {
  readonly device: Device;
  readonly threads: number;
  /** A tensor of zeros, or of the numbers given. @throws AttuneError `engine/out-of-memory` */
  tensor(dataType: ResidentType, shape: readonly number[], numbers?: Numbers): ResidentTensor;
  /**
   * @param readers bytes of the weights that the graph only declares, asked for one by one while the session is made
   * @throws AttuneError `engine/out-of-memory`, `engine/load-failed`
   */
  createSession(
    model: GraphModel,
    readers: ReadonlyMap<string, () => Uint8Array>,
    name: string,
  ): Promise<ResidentSession>;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
