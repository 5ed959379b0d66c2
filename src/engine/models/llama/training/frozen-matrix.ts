import { BLOCK, toBlockCodes, type GgmlType } from '../../../formats/ggml-blocks.ts';
import { toFloat16 } from '../../../formats/float16.ts';
import type { Graph, Value } from '../../../graph/graph.ts';
import { add, mul } from '../../../graph/ops/arithmetic.ts';
import { dequantise } from '../../../graph/ops/dequantise.ts';
import { cast, reshape } from '../../../graph/ops/layout.ts';
import type { Allocator } from '../../../resident/all-or-none.ts';
import type { ResidentRuntime, ResidentTensor } from '../../../resident/resident.ts';
import type { Device } from '../../../runtime/runtime.ts';
import type { StoredMatrix } from '../matrix.ts';
import type { LoadedLlama } from '../weights.ts';

const MIB = 2 ** 20;

/**
 * How a frozen matrix lies in the runtime's memory. `codes`: bytes with a scale and a minimum per block of 32,
 * w = scale·code + minimum, to which Q4_0, Q4_1 and Q8_0 all map without changing a single weight: QLoRA against the
 * grid that serves (Dettmers et al. 2023). `gpu codes`: the same bytes, read by the one operator to which WebGPU feeds
 * them; on CPUs it is slower than casting (ADR 91).
 */
export type FrozenFormat = 'float32' | 'float16' | 'codes' | 'gpu codes';

/** `float32`: everything decoded, the fastest. `stored`: as in the file, a third of the memory for 4-bit models. */
export type FrozenWeights = 'float32' | 'stored';

/** What decoded weights may take where they are decoded because they fit. On a GPU bytes are read as fast. */
const DECODED_LIMIT: Record<Device, number> = { cpu: 4096 * MIB, wasm: 640 * MIB, webgpu: 0 };

/** `float32` where a model's decoded weights leave a step its memory, else `stored`. */
export function fittingWeights({ weights }: LoadedLlama, device: Device): FrozenWeights {
  const { layers, embedding, head = embedding } = weights;
  const inLayers = layers.flatMap((layer) => Object.values(layer) as (StoredMatrix | undefined)[]);
  const decoded = [head, ...inLayers].reduce((sum, matrix) => sum + (matrix ? 4 * matrix.rows * matrix.columns : 0), 0);
  return decoded <= DECODED_LIMIT[device] ? 'float32' : 'stored';
}

/** The format of a matrix on a device; what its kernels cannot compute with is decoded: the same weights. */
export function frozenFormat(
  type: GgmlType,
  weights: FrozenWeights,
  { device, float16 }: Pick<ResidentRuntime, 'device' | 'float16'>,
): FrozenFormat {
  if (weights === 'float32') return 'float32';
  if (type === 'Q4_0' || type === 'Q4_1' || type === 'Q8_0') return device === 'webgpu' ? 'gpu codes' : 'codes';
  // bfloat16 has more range than half precision.
  return type === 'F16' && float16 ? 'float16' : 'float32';
}

/** What sessions with frozen matrices are made with: onnxruntime would otherwise decode once for every use. */
export const SESSION_OPTIONS = { config: { 'session.disable_quant_qdq': '1' } };

/** Declares the inputs of a matrix [rows, columns] and gives its float32 value. */
export function frozenMatrix(graph: Graph, name: string, format: FrozenFormat, rows: number, columns: number): Value {
  if (format === 'float32' || format === 'float16') return cast(graph.input(name, format, [rows, columns]), 'float32');
  const blocks = columns / BLOCK;
  const codes = graph.input(`${name}.codes`, 'uint8', [rows, columns]);
  const scales = graph.input(`${name}.scales`, 'float32', [rows, blocks]);
  const minima = graph.input(`${name}.minima`, 'float32', [rows, blocks, 1]);
  const inBlocks = (x: Value) => reshape(x, [rows, blocks, BLOCK]);
  const scaled =
    format === 'gpu codes'
      ? inBlocks(dequantise(codes, scales, BLOCK))
      : mul(inBlocks(cast(codes, 'float32')), reshape(scales, [rows, blocks, 1]));
  return reshape(add(scaled, minima), [rows, columns]);
}

/** The tensors that {@link frozenMatrix} is fed, by input name. The caller disposes them. */
export function* frozenTensors(
  allocator: Allocator,
  name: string,
  stored: StoredMatrix,
  format: FrozenFormat,
): Generator<[string, ResidentTensor]> {
  const { rows, columns, type } = stored;
  if (format === 'float32') {
    yield [name, allocator.tensor('float32', [rows, columns], stored.toFloat32())];
    return;
  }
  if (format === 'float16') {
    const halves = Uint16Array.from(stored.toFloat32(), toFloat16);
    yield [name, allocator.tensor('float16', [rows, columns], halves)];
    return;
  }
  const blocks = [rows, columns / BLOCK, 1];
  const { bits, codes, scales, shifts } = toBlockCodes(type as 'Q4_0' | 'Q4_1' | 'Q8_0', stored.bytes);
  const middle = 2 ** (bits - 1);
  const minima = scales.map((scale, i) => (shifts?.[i] ?? 0) - middle * scale);
  yield [`${name}.codes`, allocator.tensor('uint8', [rows, columns], bits === 8 ? bytes(codes) : nibbles(codes))];
  yield [`${name}.scales`, allocator.tensor('float32', [rows, columns / BLOCK], scales as Float32Array<ArrayBuffer>)];
  yield [`${name}.minima`, allocator.tensor('float32', blocks, minima as Float32Array<ArrayBuffer>)];
}

function bytes(codes: Uint8Array): Uint8Array<ArrayBuffer> {
  return codes as Uint8Array<ArrayBuffer>;
}

function nibbles(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(packed.length * 2);
  packed.forEach((byte, i) => {
    out[2 * i] = byte & 15;
    out[2 * i + 1] = byte >> 4;
  });
  return out;
}
