import { byteLength, onnxDataType } from '../onnx/data-type.ts';
import { byteRange, toBytes, toNumbers, type Numbers } from './numbers.ts';
import {
  checkView,
  elementCount,
  filled,
  type ResidentTensor,
  type ResidentType,
  type ResidentUsage,
} from './resident.ts';
import { createOrtTensor } from './wasm-module.ts';
import type { OrtTensor } from './wasm-session.ts';
import type { GuardedDevice } from './webgpu-device.ts';
import type { OrtWebgpuModule } from './webgpu-module.ts';

const ON_GPU = 4;

/** What all tensors of the device share. */
export interface GpuMemory {
  module: OrtWebgpuModule;
  gpu: GuardedDevice;
  usage: ResidentUsage;
}

/** A tensor in a GPU buffer. */
export class WebgpuTensor<T extends ResidentType> implements ResidentTensor<T>, OrtTensor {
  readonly dataType: T;
  readonly shape: readonly number[];
  #memory: GpuMemory;
  #buffer: GPUBuffer;
  #bytes: number;
  /** Views neither count nor free the buffer. */
  #owner: boolean;
  /** Made at the first run, for only a session knows the device. */
  #handle = 0;
  #disposed = false;

  private constructor(memory: GpuMemory, dataType: T, shape: readonly number[], buffer?: GPUBuffer) {
    this.dataType = dataType;
    this.shape = [...shape];
    this.#memory = memory;
    this.#bytes = byteLength(dataType, elementCount(shape));
    this.#owner = !buffer;
    this.#buffer = buffer ?? memory.gpu.buffer(this.#bytes);
    if (buffer) return;
    memory.usage.tensors++;
    memory.usage.tensorBytes += this.#bytes;
  }

  static allocate<T extends ResidentType>(
    memory: GpuMemory,
    dataType: T,
    shape: readonly number[],
    numbers?: Numbers<T>,
  ): WebgpuTensor<T> {
    return filled(new WebgpuTensor(memory, dataType, shape), (tensor) => {
      if (numbers) tensor.write(numbers);
    });
  }

  handleFor(session: number): number {
    if (this.#handle) return this.#handle;
    const { module } = this.#memory;
    const pointer = module.webgpuRegisterBuffer(this.#buffer, session);
    this.#handle = createOrtTensor(module, onnxDataType(this.dataType), pointer, this.#bytes, this.shape, ON_GPU);
    return this.#handle;
  }

  /** @throws RangeError also where a part begins or ends within four bytes, which a GPU cannot write */
  write(numbers: Numbers<T>, at = 0): void {
    const offset = byteLength(this.dataType, at);
    const end = offset + numbers.byteLength;
    if (end > this.#bytes)
      throw new RangeError(`${numbers.length} numbers do not fit into [${this.shape.join(', ')}].`);
    if (offset % 4 || (end % 4 && end < this.#bytes))
      throw new RangeError(`Part of [${this.shape.join(', ')}] of ${this.dataType} cannot be written at ${at}.`);
    this.#memory.gpu.device.queue.writeBuffer(this.#buffer, offset, padded(toBytes(numbers)));
  }

  async read(from = 0, to = elementCount(this.shape)): Promise<Numbers<T>> {
    const [start, end] = byteRange(this.dataType, elementCount(this.shape), from, to);
    const first = start - (start % 4);
    const bytes = await this.#memory.gpu.read(this.#buffer, first, Math.ceil(end / 4) * 4);
    return toNumbers(this.dataType, bytes.slice(start - first, end - first));
  }

  view(shape: readonly number[]): ResidentTensor<T> {
    checkView(this, shape);
    return new WebgpuTensor(this.#memory, this.dataType, shape, this.#buffer);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { module, usage } = this.#memory;
    if (this.#handle) {
      module._OrtReleaseTensor(this.#handle);
      module.webgpuUnregisterBuffer(this.#buffer);
    }
    if (!this.#owner) return;
    usage.tensors--;
    usage.tensorBytes -= this.#bytes;
    this.#buffer.destroy();
  }
}

function padded(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length % 4 === 0) return bytes;
  const out = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  out.set(bytes);
  return out;
}
