import type { VectorTask, VectorTimes } from './vector-task.ts';

/** Runs the measurement in a worker: sync access handles exist only there. */
export function measureVectors(task: VectorTask): Promise<VectorTimes> {
  const worker = new Worker(new URL('./vectors.worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
    worker.addEventListener('message', ({ data }: MessageEvent<VectorTimes | { error: string }>) => {
      if ('error' in data) reject(new Error(data.error));
      else resolve(data);
    });
    worker.postMessage(task);
  });
}
