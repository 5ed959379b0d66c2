import * as ort from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import { AttuneError } from '../../errors/attune-error.ts';
import { byteLength } from '../onnx/data-type.ts';
import { usefulThreads } from '../runtime/runtime.ts';
import { COPY_STOP, isCopyStop, stopCopies } from './node-outputs.ts';
import { byteRange, toNumbers, type Bytes, type Numbers } from './numbers.ts';
import {
  checkView,
  elementCount,
  filled,
  nestedConfig,
  type ResidentRuntime,
  type ResidentTensor,
  type ResidentType,
  type ResidentUsage,
} from './resident.ts';

/** onnxruntime-node: its tensors are JavaScript's own memory, so they are resident by nature. Tests and scripts only. */
export function residentNode(threads = usefulThreads(availableParallelism())): ResidentRuntime {
  const usage: ResidentUsage = { tensors: 0, tensorBytes: 0, sessions: 0 };
  return {
    device: 'cpu',
    threads,
    float16: true,
    usage,
    tensor: (dataType, shape, numbers) => allocate(usage, dataType, shape, numbers),
    async createSession(model, readers, name, { config = {}, verbose } = {}) {
      const declared = [...readers].map(([path, read]) => ({ path, data: read() }));
      const session = await ort.InferenceSession.create(stopCopies(model.bytes), {
        graphOptimizationLevel: 'all',
        logSeverityLevel: verbose ? 0 : 3,
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        externalData: [...model.externalData, ...declared],
        // Each session has threads of its own, and they spin after a run: beside the next session's that was a third of a
        // step of MiniLM on two cores.
        extra: nestedConfig({ 'session.force_spinning_stop': '1', ...config }),
      });
      usage.sessions++;
      let disposed = false;
      return {
        async run(inputs, outputs) {
          try {
            await session.run(unwrap(inputs), { [COPY_STOP]: null, ...unwrap(outputs) });
          } catch (error) {
            if (!isCopyStop(error)) throw runError(name, error);
          }
        },
        async dispose() {
          if (disposed) return;
          disposed = true;
          usage.sessions--;
          await session.release();
        },
      };
    },
  };
}

function allocate<T extends ResidentType>(
  usage: ResidentUsage,
  dataType: T,
  shape: readonly number[],
  numbers?: Numbers<T>,
): ResidentTensor<T> {
  // onnxruntime-node knows their names, but refuses them as inputs and outputs.
  if (dataType === 'int4' || dataType === 'uint4')
    throw new TypeError(`onnxruntime-node cannot be fed ${dataType}; bake such weights into the graph.`);
  const bytes = byteLength(dataType, elementCount(shape));
  const made = new NodeTensor(dataType, shape, new Uint8Array(bytes), () => {
    usage.tensors--;
    usage.tensorBytes -= bytes;
  });
  usage.tensors++;
  usage.tensorBytes += bytes;
  return filled(made, (tensor) => {
    if (numbers) tensor.write(numbers);
  });
}

class NodeTensor<T extends ResidentType> implements ResidentTensor<T> {
  readonly dataType: T;
  readonly shape: readonly number[];
  readonly tensor: ort.Tensor;
  #bytes: Bytes;
  #numbers: Numbers<T>;
  #onDispose: (() => void) | undefined;

  constructor(dataType: T, shape: readonly number[], bytes: Bytes, onDispose?: () => void) {
    this.dataType = dataType;
    this.shape = [...shape];
    this.#bytes = bytes;
    this.#numbers = toNumbers(dataType, bytes);
    this.#onDispose = onDispose;
    this.tensor = new ort.Tensor(dataType as never, this.#numbers as never, shape);
  }

  write(numbers: Numbers<T>, at = 0): void {
    (this.#numbers as Float32Array).set(numbers as Float32Array, at);
  }

  async read(from = 0, to = elementCount(this.shape)): Promise<Numbers<T>> {
    return toNumbers(this.dataType, this.#bytes.slice(...byteRange(this.dataType, elementCount(this.shape), from, to)));
  }

  view(shape: readonly number[]): ResidentTensor<T> {
    checkView(this, shape);
    return new NodeTensor(
      this.dataType,
      shape,
      this.#bytes.subarray(0, byteLength(this.dataType, elementCount(shape))),
    );
  }

  dispose(): void {
    this.#onDispose?.();
    this.#onDispose = undefined;
  }
}

function unwrap(tensors: ReadonlyMap<string, ResidentTensor>): Record<string, ort.Tensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, (tensor as NodeTensor<ResidentType>).tensor]));
}

function runError(name: string, cause: unknown): AttuneError {
  return new AttuneError(
    'engine/run-failed',
    `${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    'Try again; if it stays, choose another device or model.',
    { cause },
  );
}
