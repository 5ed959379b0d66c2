/** Runs in the browser: llama.cpp (wllama) with and without an adapter. Called by `llama-cpp.ts`. */

export interface LlamaCppRequest {
  /** Addresses of the base model's and the adapter's GGUF files. */
  base: string;
  adapter: string;
  prompts: string[];
}

/** Log-probabilities of the likeliest next tokens, by their text. */
export type NextTokens = Record<string, number>[];

/** How many tokens are compared. */
const TOP = 20;

export async function llamaCpp({ base, adapter, prompts }: LlamaCppRequest): Promise<[NextTokens, NextTokens]> {
  const blobs = await Promise.all([base, adapter].map(async (url) => (await fetch(url)).blob()));
  return [await nextTokens(blobs, prompts, false), await nextTokens(blobs, prompts, true)];
}

async function nextTokens(blobs: Blob[], prompts: string[], adapted: boolean): Promise<NextTokens> {
  const { Wllama } = await import('@wllama/wllama');
  const engine = new Wllama(
    { default: '/node_modules/@wllama/wllama/esm/wasm/wllama.wasm' },
    { suppressNativeLog: true },
  );
  // It puts every file that it is given into its file system under such a name, and takes the first one as the model.
  const path = 'models/model-00002-of-00002.gguf';
  await engine.loadModel(blobs, {
    n_threads: 1,
    n_ctx: 512,
    n_gpu_layers: 0,
    ...(adapted && { lora_adapters: [{ path, scale: 1 }] }),
  });
  const found: NextTokens = [];
  for (const prompt of prompts) {
    const { choices } = await engine.createCompletion({ prompt, max_tokens: 1, temperature: 0, logprobs: TOP });
    const { logprobs } = choices[0]! as unknown as { logprobs: Logprobs };
    // The server gives the newer form of chat completions for plain ones too.
    const tops = logprobs.content?.[0]?.top_logprobs;
    found.push(
      tops ? Object.fromEntries(tops.map(({ token, logprob }) => [token, logprob])) : logprobs.top_logprobs![0]!,
    );
  }
  await engine.exit();
  return found;
}

interface Logprobs {
  content?: { top_logprobs: { token: string; logprob: number }[] }[];
  top_logprobs?: Record<string, number>[];
}
