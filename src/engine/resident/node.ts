import * as ort from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import { usefulThreads } from '../runtime/runtime.ts';
import {
  elementCount,
  type Numbers,
  type ResidentRuntime,
  type ResidentTensor,
  type ResidentType,
} from './resident.ts';

/** onnxruntime-node: its tensors are JavaScript's own memory, so they are resident by nature. Tests and scripts only. */
export function residentNode(threads = usefulThreads(availableParallelism())): ResidentRuntime {
  return {
    device: 'cpu',
    threads,
    tensor: (dataType, shape, numbers) => new NodeTensor(dataType, shape, numbers),
    async createSession(model, readers) {
      const declared = [...readers].map(([path, read]) => ({ path, data: read() }));
      const session = await ort.InferenceSession.create(model.bytes, {
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        externalData: [...model.externalData, ...declared],
      });
      return {
        run: async (inputs, outputs) => void (await session.run(unwrap(inputs), unwrap(outputs))),
        dispose: () => session.release(),
      };
    },
  };
}

class NodeTensor implements ResidentTensor {
  readonly dataType: ResidentType;
  readonly shape: readonly number[];
  readonly tensor: ort.Tensor;
  #numbers: Numbers;

  constructor(dataType: ResidentType, shape: readonly number[], numbers?: Numbers) {
    this.dataType = dataType;
    this.shape = [...shape];
    const size = elementCount(shape);
    this.#numbers = dataType === 'float32' ? new Float32Array(size) : new Int32Array(size);
    if (numbers) this.#numbers.set(numbers);
    this.tensor = new ort.Tensor(dataType, this.#numbers as never, shape);
  }

  write(numbers: Numbers, at = 0): void {
    this.#numbers.set(numbers, at);
  }

  async read(): Promise<Numbers> {
    return this.#numbers.slice();
  }

  dispose(): void {}
}

function unwrap(tensors: ReadonlyMap<string, ResidentTensor>): Record<string, ort.Tensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, (tensor as NodeTensor).tensor]));
}
