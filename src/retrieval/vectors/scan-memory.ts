import { fromBase64 } from '../../engine/formats/base64.ts';
import { encodeQuery } from './query-code.ts';
import { paddedDimensions, recordBytes } from './record.ts';
import { scanModule } from './scan-module.ts';

type Scan = (...parameters: number[]) => void;

const PAGE = 65_536;

let compiled: WebAssembly.Module | undefined;

/**
 * Records of one index in WebAssembly memory, and the SIMD scan over them.
 *
 * Memory: query i16 | allowed u8[capacity] | lower f32[capacity] | upper f32[capacity] | records. Capacity is a multiple
 * of 16, so every part starts on a 16-byte boundary.
 */
export class ScanMemory {
  readonly dimensions: number;
  #memory = new WebAssembly.Memory({ initial: 1 });
  #scan: Scan;
  #stride: number;
  #queryBytes: number;
  #capacity = 0;

  constructor(dimensions: number) {
    this.dimensions = dimensions;
    this.#stride = recordBytes(dimensions);
    this.#queryBytes = 2 * paddedDimensions(dimensions);
    compiled ??= new WebAssembly.Module(fromBase64(scanModule));
    const instance = new WebAssembly.Instance(compiled, { js: { memory: this.#memory } });
    this.#scan = instance.exports['scan'] as Scan;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Makes room for `count` records and keeps the present ones; views taken before are void. */
  reserve(count: number): void {
    if (count <= this.#capacity) return;
    const before = this.#recordsAt;
    const kept = this.#capacity * this.#stride;
    // A quarter more than asked, so that adding batch by batch does not copy every time.
    this.#capacity = Math.ceil((count * 1.25) / 16) * 16;
    const missing = this.#recordsAt + this.#capacity * this.#stride - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    new Uint8Array(this.#memory.buffer).copyWithin(this.#recordsAt, before, before + kept);
  }

  /** The bytes of records `from` to `to` (exclusive), for reading and writing; void after `reserve`. */
  records(from: number, to: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, this.#recordsAt + from * this.#stride, (to - from) * this.#stride);
  }

  /**
   * Bounds of query · vector for each of the first `allowed.length` records; -Infinity where `allowed` is 0. The views
   * are void after the next call.
   */
  scan(query: Float32Array, allowed: Uint8Array): { lower: Float32Array; upper: Float32Array } {
    const code = encodeQuery(query);
    const allowedAt = this.#queryBytes;
    const lowerAt = allowedAt + this.#capacity;
    const upperAt = lowerAt + 4 * this.#capacity;
    new Int16Array(this.#memory.buffer, 0, code.codes.length).set(code.codes);
    new Uint8Array(this.#memory.buffer, allowedAt, allowed.length).set(allowed);
    this.#scan(
      this.#recordsAt,
      allowed.length,
      this.#stride,
      0,
      code.codes.length,
      code.scale,
      code.norm,
      code.error,
      allowedAt,
      lowerAt,
      upperAt,
    );
    return {
      lower: new Float32Array(this.#memory.buffer, lowerAt, allowed.length),
      upper: new Float32Array(this.#memory.buffer, upperAt, allowed.length),
    };
  }

  get #recordsAt(): number {
    return this.#queryBytes + 9 * this.#capacity;
  }
}
