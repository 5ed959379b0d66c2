import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { AttuneError } from '../../errors/attune-error.ts';
import type { GraphModel } from '../graph/graph.ts';
import type { DataType } from '../onnx/data-type.ts';

/** `cpu`: onnxruntime-node; `wasm` and `webgpu`: onnxruntime-web. */
export type Device = 'cpu' | 'wasm' | 'webgpu';

export type { Tensor } from 'onnxruntime-web';

export interface SessionOptions {
  /** Named in messages: "The model MiniLM could not be started". */
  name?: string;
  /** Outputs that stay on the GPU, by name, or all of them; ignored elsewhere. */
  preferredOutputLocation?: InferenceSession.SessionOptions['preferredOutputLocation'];
  /** onnxruntime's configuration entries, for example `{ session: { disable_quant_qdq: '1' } }`. */
  extra?: Record<string, unknown>;
}

/** A loaded graph. Runs of one runtime never overlap: onnxruntime-web refuses a second one while the first waits. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @param fetches names of the outputs wanted; absent: all */
  run(feeds: Record<string, Tensor>, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Frees weights and buffers. */
  dispose(): Promise<void>;
  /** onnxruntime's own session, for libraries that drive one themselves (transformers.js). */
  readonly inner: InferenceSession;
}

/** One small interface over onnxruntime-node and onnxruntime-web. */
export interface Runtime {
  readonly device: Device;
  readonly threads: number;
  /** @param data elements in row-major order; halves as the bits in a Uint16Array */
  tensor(dataType: DataType, data: Tensor.DataType, dims: readonly number[]): Tensor;
  /**
   * Loads a built graph. The weights are copied into the runtime's own memory; the caller may drop its bytes after.
   *
   * @throws AttuneError `engine/out-of-memory`, `engine/load-failed`
   */
  createSession(model: GraphModel, options?: SessionOptions): Promise<Session>;
}

/** The part of the two onnxruntime packages that is used. */
export interface OrtModule {
  InferenceSession: {
    create(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  Tensor: new (type: never, data: never, dims: readonly number[]) => Tensor;
}

/** Wraps an onnxruntime package whose environment is set up already. */
export function createRuntime(ort: OrtModule, device: Device, threads: number): Runtime {
  const enqueue = createQueue();
  return {
    device,
    threads,
    tensor: (dataType, data, dims) => new ort.Tensor(dataType as never, data as never, dims),
    async createSession(model, options = {}) {
      const { name = 'graph', ...rest } = options;
      const sessionOptions: InferenceSession.SessionOptions = {
        executionProviders: [device],
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        externalData: model.externalData,
        ...rest,
      };
      // onnxruntime-web takes its count from the environment, set before the first session.
      if (device === 'cpu') {
        Object.assign(sessionOptions, { intraOpNumThreads: threads, interOpNumThreads: 1 });
        sessionOptions.extra = withExactBytes(sessionOptions.extra);
      }
      try {
        const inner = await enqueue(() => ort.InferenceSession.create(model.bytes, sessionOptions));
        return wrapSession(inner, enqueue);
      } catch (error) {
        throw loadError(name, error);
      }
    },
  };
}

/**
 * Products of 8-bit matrices without saturation: on x86 without VNNI onnxruntime's sums of two byte products are cut to
 * 16 bits, and scores were wrong by 0.07 where rounding allows 0.02. wasm's kernels have no such limit.
 */
function withExactBytes(extra: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...extra, session: { ...(extra['session'] as object | undefined), x64quantprecision: '1' } };
}

type Enqueue = <T>(task: () => Promise<T>) => Promise<T>;

function createQueue(): Enqueue {
  let tail: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = tail.then(task);
    tail = result.catch(() => undefined);
    return result;
  };
}

function wrapSession(inner: InferenceSession, enqueue: Enqueue): Session {
  return {
    inner,
    inputNames: inner.inputNames,
    outputNames: inner.outputNames,
    run: (feeds, fetches) =>
      enqueue(() => (fetches ? inner.run(feeds, fetches) : inner.run(feeds)) as Promise<Record<string, Tensor>>),
    dispose: () => enqueue(() => inner.release()),
  };
}

function loadError(name: string, cause: unknown): AttuneError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/bad_alloc|out of memory|memory access out of bounds|Array buffer allocation failed/i.test(message)) {
    return new AttuneError(
      'engine/out-of-memory',
      `There is not enough memory to load ${name}.`,
      'Close other tabs and programs, or choose a smaller model.',
      { cause },
    );
  }
  return new AttuneError(
    'engine/load-failed',
    `The model ${name} could not be started: ${message}`,
    'Reload the page and try again; if it stays, choose another device or model in Models.',
    { cause },
  );
}

/** Threads worth using: every core of a small machine, about the physical ones of a larger one, never above 8. */
export function usefulThreads(logicalCores: number): number {
  return Math.max(1, logicalCores <= 4 ? logicalCores : Math.min(8, Math.ceil(logicalCores / 2)));
}
