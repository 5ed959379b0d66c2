import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { createRuntime, usefulThreads, type OrtModule, type Runtime } from './runtime.ts';

/** onnxruntime-node on the CPU: tests, benches and headless runs. */
export function nodeRuntime(threads = usefulThreads(availableParallelism())): Runtime {
  return createRuntime(ort as unknown as OrtModule, 'cpu', threads);
}
