/** Runs in the browser: one chat prompt through one implementation, timed. Called by `decode.ts`. */
import { LLAMA_LINEARS, type LlamaAdapter } from '../../src/engine/models/llama/adapter.ts';
import { residentWasm } from '../../src/engine/resident/wasm.ts';
import type { ChatTurn, GenerationOptions } from '../../src/generation/contract.ts';
import { LocalChatEngine } from '../../src/generation/local/local-engine.ts';
import { openModel } from '../../src/models/catalogue.ts';

const MODEL = 'SmolLM2-135M-Instruct-Q4_1';
/** One for each round; all of them are single tokens. */
const WORDS = ['north', 'south', 'east'];

export interface DecodeRequest {
  turns: ChatTurn[];
  /** The same conversation in the model's template, for the peer. */
  rendered: string;
  /** Stands early in both and becomes another word in every round, so that nobody's prompt cache helps. */
  placeholder: string;
  tokens: number;
  threads: number;
}

/** Best of the rounds: what else the machine does only ever makes a run slower. */
export interface DecodeResult {
  tokensPerSecond: number;
  secondsToFirstToken: number;
  text: string;
}

export async function ours({
  turns,
  tokens,
  threads,
  placeholder,
}: DecodeRequest): Promise<DecodeResult & { adapted: DecodeResult }> {
  const runtime = await residentWasm({ threads });
  const engine = await LocalChatEngine.load(await openModel(MODEL), { runtime, device: 'wasm' });
  const greedy: Omit<GenerationOptions, 'maxNewTokens'> = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1 };
  const round = (word: string): Promise<DecodeResult> => {
    const fresh = turns.map(({ role, content }) => ({ role, content: content.replace(placeholder, word) }));
    return collect(fresh, tokens);
  };
  const collect = async (conversation: ChatTurn[], maxNewTokens: number): Promise<DecodeResult> => {
    let result = { tokensPerSecond: 0, secondsToFirstToken: 0, text: '' };
    let text = '';
    for await (const piece of engine.stream(conversation, { ...greedy, maxNewTokens }, new AbortController().signal)) {
      text += piece.text;
      if (piece.stats) result = { ...piece.stats, text };
    }
    return result;
  };
  const base = await best(round);
  engine.setAdapter(zeroAdapter(8));
  const adapted = await best(round);
  await engine.dispose();
  return { ...base, adapted };

  function zeroAdapter(rank: number): LlamaAdapter {
    const sizes = {
      q_proj: [576, 576],
      k_proj: [576, 192],
      v_proj: [576, 192],
      o_proj: [576, 576],
      gate_proj: [576, 1536],
      up_proj: [576, 1536],
      down_proj: [1536, 576],
    };
    const layer = Object.fromEntries(
      LLAMA_LINEARS.map((linear) => {
        const [inFeatures, outFeatures] = sizes[linear] as [number, number];
        return [linear, { rank, a: new Float32Array(rank * inFeatures), b: new Float32Array(outFeatures * rank) }];
      }),
    );
    return { name: 'zeros', scale: 1, layers: Array.from({ length: 30 }, () => layer) };
  }
}

export async function wllama({ rendered, tokens, threads, placeholder }: DecodeRequest): Promise<DecodeResult> {
  const { Wllama } = await import('@wllama/wllama');
  const engine = new Wllama(
    { default: '/node_modules/@wllama/wllama/esm/wasm/wllama.wasm' },
    { suppressNativeLog: true, logger: { debug() {}, log() {}, warn() {}, error() {} } },
  );
  const { files, location } = (await openModel(MODEL)).description;
  const blob = await (await fetch(`/${location.folder}/${files[0]!.name}`)).blob();
  await engine.loadModel([blob], { n_threads: threads, n_ctx: 4096, n_gpu_layers: 0 });
  const result = await best((word) => {
    const complete = async (prompt: string, max: number) => {
      const started = performance.now();
      let first = 0;
      let count = 0;
      let text = '';
      const stream = await engine.createCompletion({ prompt, max_tokens: max, temperature: 0, stream: true });
      for await (const chunk of stream) {
        if (count++ === 0) first = performance.now();
        text += chunk.choices[0]?.text ?? '';
      }
      const seconds = (performance.now() - first) / 1000;
      return { tokensPerSecond: (count - 1) / seconds, secondsToFirstToken: (first - started) / 1000, text };
    };
    return complete(rendered.replace(placeholder, word), tokens);
  });
  await engine.exit();
  return result;
}

async function best(round: (word: string) => Promise<DecodeResult>): Promise<DecodeResult> {
  const results: DecodeResult[] = [];
  for (const word of WORDS) results.push(await round(word));
  return {
    tokensPerSecond: Math.max(...results.map((result) => result.tokensPerSecond)),
    secondsToFirstToken: Math.min(...results.map((result) => result.secondsToFirstToken)),
    text: results[0]!.text,
  };
}
