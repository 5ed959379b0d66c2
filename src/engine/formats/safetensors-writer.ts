import { AttuneError } from '../../errors/attune-error.ts';
import { SAFETENSORS_BYTES, type SafetensorsType } from './safetensors.ts';

export interface SafetensorsTensor {
  name: string;
  dtype: SafetensorsType;
  shape: readonly number[];
  /** Little-endian, row-major. */
  data: ArrayBufferView<ArrayBuffer>;
}

/** A tensor whose numbers are made when their turn comes, so that a big file is never held whole. */
export type LazySafetensorsTensor = Omit<SafetensorsTensor, 'data'> & { data(): Promise<ArrayBufferView<ArrayBuffer>> };

/** A whole file; the format is described at {@link SafetensorsFile}. */
export function writeSafetensors(tensors: readonly SafetensorsTensor[], metadata?: Record<string, string>): Blob {
  const parts = tensors.map((tensor) => checked(tensor, tensor.data));
  return new Blob([header(tensors, metadata), ...parts]);
}

/** The same bytes, piece by piece. @throws whatever a tensor's `data` throws */
export async function* streamSafetensors(
  tensors: readonly LazySafetensorsTensor[],
  metadata?: Record<string, string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield header(tensors, metadata);
  for (const tensor of tensors) yield checked(tensor, await tensor.data());
}

function header(
  tensors: readonly Omit<SafetensorsTensor, 'data'>[],
  metadata: Record<string, string> | undefined,
): Uint8Array<ArrayBuffer> {
  const entries: Record<string, unknown> = {};
  // Transformers asks which framework wrote the file and refuses one that does not say.
  entries.__metadata__ = { format: 'pt', ...metadata };
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + byteLength(tensor);
    entries[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(entries));
  // Padded with spaces so that the data begins at a multiple of 8.
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

function byteLength({ dtype, shape }: Omit<SafetensorsTensor, 'data'>): number {
  return shape.reduce((product, size) => product * size, SAFETENSORS_BYTES[dtype]);
}

function checked(tensor: Omit<SafetensorsTensor, 'data'>, data: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const expected = byteLength(tensor);
  if (data.byteLength !== expected) {
    throw new AttuneError(
      'models/bad-safetensors',
      `The tensor ${tensor.name} has ${data.byteLength} bytes where its shape needs ${expected}.`,
      'This is a mistake in Attune; please report it.',
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
