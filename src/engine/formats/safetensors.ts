import { AttuneError } from '../../errors/attune-error.ts';
import { fromBfloat16, fromFloat16 } from './float16.ts';

/** Element types that the format knows and their size in bytes. */
export const SAFETENSORS_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type SafetensorsType = keyof typeof SAFETENSORS_BYTES;

export interface TensorEntry {
  dtype: SafetensorsType;
  shape: readonly number[];
  /** Offsets into the data part of the file, end exclusive. */
  start: number;
  end: number;
}

/** The reference implementation refuses larger headers, and so do we: a length field read from garbage is huge. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * A safetensors file (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON header, tensor
 * data. Only the header is read at once; tensors are sliced from the blob when they are asked for.
 */
export class SafetensorsFile {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  #blob: Blob;
  #dataStart: number;

  private constructor(name: string, blob: Blob, dataStart: number, header: Header) {
    this.name = name;
    this.#blob = blob;
    this.#dataStart = dataStart;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /** @throws AttuneError `models/bad-safetensors` naming the file and what is wrong with it */
  static async open(blob: Blob, name: string): Promise<SafetensorsFile> {
    if (blob.size < 8) throw bad(name, 'it is shorter than its own length field');
    const length = new DataView(await blob.slice(0, 8).arrayBuffer()).getBigUint64(0, true);
    if (length > BigInt(MAX_HEADER_BYTES)) throw bad(name, `its header would be ${length} bytes long`);
    const dataStart = 8 + Number(length);
    if (dataStart > blob.size) throw bad(name, 'it ends inside its header');
    const text = await blob.slice(8, dataStart).text();
    return new SafetensorsFile(name, blob, dataStart, parseHeader(name, text, blob.size - dataStart));
  }

  entry(tensor: string): TensorEntry {
    const entry = this.tensors.get(tensor);
    if (!entry) {
      throw new AttuneError(
        'models/missing-tensor',
        `${this.name} has no tensor ${tensor}.`,
        'The file may belong to another kind of model; choose one of a supported architecture.',
      );
    }
    return entry;
  }

  /** The tensor's little-endian bytes. */
  async bytes(tensor: string): Promise<Uint8Array<ArrayBuffer>> {
    const { start, end } = this.entry(tensor);
    return new Uint8Array(await this.#blob.slice(this.#dataStart + start, this.#dataStart + end).arrayBuffer());
  }

  /** The tensor as floats. @throws AttuneError `models/bad-safetensors` when it is not F32, F16 or BF16 */
  async float32(tensor: string): Promise<Float32Array> {
    const { dtype } = this.entry(tensor);
    const { buffer } = await this.bytes(tensor);
    switch (dtype) {
      case 'F32':
        return new Float32Array(buffer);
      case 'F16':
        return fromFloat16(new Uint16Array(buffer));
      case 'BF16':
        return fromBfloat16(new Uint16Array(buffer));
      default:
        throw bad(this.name, `its tensor ${tensor} is ${dtype}, where a float type was expected`);
    }
  }
}

interface Header {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

function parseHeader(file: string, text: string, dataBytes: number): Header {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad(file, 'its header is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw bad(file, 'its header is not an object');
  const { __metadata__: metadata = {}, ...rest } = json as Record<string, unknown>;
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(rest)) tensors.set(name, parseEntry(file, name, value, dataBytes));
  refuseOverlaps(file, tensors);
  if (typeof metadata !== 'object' || metadata === null) throw bad(file, 'its metadata is not an object');
  return { tensors, metadata: metadata as Record<string, string> };
}

function parseEntry(file: string, name: string, value: unknown, dataBytes: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(SAFETENSORS_BYTES, dtype)) {
    throw bad(file, `its tensor ${name} has the element type ${String(dtype)}, which is not supported`);
  }
  const type = dtype as SafetensorsType;
  if (!isCounts(shape)) throw bad(file, `the shape of its tensor ${name} is malformed`);
  if (!isCounts(offsets) || offsets.length !== 2) throw bad(file, `the offsets of its tensor ${name} are malformed`);
  const [start, end] = offsets as [number, number];
  if (end > dataBytes) throw bad(file, `it ends before its tensor ${name} does: the download may be incomplete`);
  const expected = shape.reduce((product, size) => product * size, SAFETENSORS_BYTES[type]);
  if (end - start !== expected) {
    throw bad(file, `its tensor ${name} takes ${end - start} bytes where its shape needs ${expected}`);
  }
  return { dtype: type, shape, start, end };
}

function refuseOverlaps(file: string, tensors: Map<string, TensorEntry>): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const [name, entry] of inOrder) {
    if (entry.start < end) throw bad(file, `its tensor ${name} overlaps another one`);
    end = entry.end;
  }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function bad(file: string, reason: string): AttuneError {
  return new AttuneError(
    'models/bad-safetensors',
    `${file} is no readable safetensors file: ${reason}.`,
    'Fetch the file again and check its size, or choose another model.',
  );
}
