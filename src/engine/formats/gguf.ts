import { gguf, GGMLQuantizationType } from '@huggingface/gguf';
import { AttuneError } from '../../errors/attune-error.ts';
import { GGML_BLOCKS, type GgmlType } from './ggml-blocks.ts';

/** A tensor of a GGUF file. */
export interface GgufTensor {
  name: string;
  type: GgmlType;
  /** Row-major, rows first: [out, in] for a linear layer (the file itself has it the other way round). */
  shape: number[];
  /** Where its bytes lie in the file. */
  start: number;
  end: number;
}

export interface GgufFile {
  /** Key-value pairs as the file has them; 64-bit integers are turned into numbers. */
  metadata: Record<string, unknown>;
  tensors: Map<string, GgufTensor>;
}

/**
 * Reads the header of a GGUF file (specification: ggml/docs/gguf.md) by slices; the weights are not touched.
 *
 * @param blob the whole file
 * @param name the file's name, for messages
 * @throws AttuneError `model/not-gguf` when it is no readable GGUF file; `model/tensor-type` when a tensor is stored in a
 *   type that is not supported, by name
 */
export async function readGguf(blob: Blob, name: string): Promise<GgufFile> {
  const parsed = await gguf('http://file.invalid/model.gguf', { fetch: rangesOf(blob) }).catch((cause: unknown) => {
    throw new AttuneError(
      'model/not-gguf',
      `${name} could not be read as a GGUF file: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Check that the download was complete, or choose another file.',
      { cause },
    );
  });
  const tensors = new Map<string, GgufTensor>();
  for (const info of parsed.tensorInfos) {
    const type = (GGMLQuantizationType[info.dtype] ?? `type ${String(info.dtype)}`) as GgmlType;
    const block = GGML_BLOCKS[type];
    if (!block) {
      throw new AttuneError(
        'model/tensor-type',
        `${name} stores ${info.name} as ${type}, which cannot be run here.`,
        `Choose a file of the same model in one of ${Object.keys(GGML_BLOCKS).join(', ')}.`,
      );
    }
    const shape = info.shape.map(Number).reverse();
    const elements = shape.reduce((product, n) => product * n, 1);
    const start = Number(parsed.tensorDataOffset) + Number(info.offset);
    const end = start + (elements / block.elements) * block.bytes;
    if (end > blob.size) {
      throw new AttuneError(
        'model/not-gguf',
        `${name} ends before its tensor ${info.name}.`,
        'Download it again: it is not complete.',
      );
    }
    tensors.set(info.name, { name: info.name, type, shape, start, end });
  }
  return { metadata: plainNumbers(parsed.metadata as unknown as Record<string, unknown>), tensors };
}

/** The parser asks for ranges of a URL; this answers them from the blob, so that nothing goes over a network. */
function rangesOf(blob: Blob): typeof fetch {
  return async (_, init) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '') ?? [];
    const end = Math.min(Number(to) + 1, blob.size);
    return new Response(blob.slice(Number(from), end), {
      status: 206,
      headers: { 'content-range': `bytes ${from}-${end - 1}/${blob.size}` },
    });
  };
}

function plainNumbers(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
  );
}
