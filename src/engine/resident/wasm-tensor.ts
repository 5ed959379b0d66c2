import { byteLength, onnxDataType } from '../onnx/data-type.ts';
import { byteRange, toBytes, toNumbers, type Numbers } from './numbers.ts';
import type { OrtTensor } from './wasm-session.ts';
import {
  checkView,
  elementCount,
  filled,
  type ResidentTensor,
  type ResidentType,
  type ResidentUsage,
} from './resident.ts';
import { allocate, createOrtTensor, heap, type OrtWasmModule } from './wasm-module.ts';

const ON_CPU = 1;

/** A tensor on the wasm heap. */
export class WasmTensor<T extends ResidentType> implements ResidentTensor<T>, OrtTensor {
  readonly dataType: T;
  readonly shape: readonly number[];
  #handle: number;
  #module: OrtWasmModule;
  #pointer: number;
  #bytes: number;
  /** Views neither count nor free the memory. */
  #usage: ResidentUsage | undefined;
  #disposed = false;

  private constructor(module: OrtWasmModule, dataType: T, shape: readonly number[], at: number, usage?: ResidentUsage) {
    this.#module = module;
    this.dataType = dataType;
    this.shape = [...shape];
    this.#bytes = byteLength(dataType, elementCount(shape));
    this.#pointer = at;
    this.#usage = usage;
    this.#handle = createOrtTensor(module, onnxDataType(dataType), at, this.#bytes, shape, ON_CPU);
    if (!usage) return;
    usage.tensors++;
    usage.tensorBytes += this.#bytes;
  }

  static allocate<T extends ResidentType>(
    module: OrtWasmModule,
    usage: ResidentUsage,
    dataType: T,
    shape: readonly number[],
    numbers?: Numbers<T>,
  ): WasmTensor<T> {
    const bytes = byteLength(dataType, elementCount(shape));
    const pointer = allocate(module, bytes);
    let tensor: WasmTensor<T>;
    try {
      tensor = new WasmTensor(module, dataType, shape, pointer, usage);
    } catch (error) {
      module._free(pointer);
      throw error;
    }
    return filled(tensor, () => {
      if (numbers) tensor.write(numbers);
      else heap(module).fill(0, pointer, pointer + bytes);
    });
  }

  handleFor(): number {
    return this.#handle;
  }

  write(numbers: Numbers<T>, at = 0): void {
    const offset = byteLength(this.dataType, at);
    if (offset + numbers.byteLength > this.#bytes)
      throw new RangeError(`${numbers.length} numbers do not fit into [${this.shape.join(', ')}].`);
    heap(this.#module).set(toBytes(numbers), this.#pointer + offset);
  }

  async read(from = 0, to = elementCount(this.shape)): Promise<Numbers<T>> {
    const [start, end] = byteRange(this.dataType, elementCount(this.shape), from, to);
    // The heap is shared memory: a plain copy is what callers can keep and send on.
    const bytes = new Uint8Array(end - start);
    bytes.set(heap(this.#module).subarray(this.#pointer + start, this.#pointer + end));
    return toNumbers(this.dataType, bytes);
  }

  view(shape: readonly number[]): ResidentTensor<T> {
    checkView(this, shape);
    return new WasmTensor(this.#module, this.dataType, shape, this.#pointer);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#module._OrtReleaseTensor(this.#handle);
    if (!this.#usage) return;
    this.#usage.tensors--;
    this.#usage.tensorBytes -= this.#bytes;
    this.#module._free(this.#pointer);
  }
}
