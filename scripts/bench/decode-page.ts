/** Runs in the browser: one chat prompt through one implementation, timed. Called by `decode.ts`. */
import type { LoraAdapter, LowRankPair } from '../../src/engine/adapters/lora-adapter.ts';
import { LLAMA_LINEARS } from '../../src/engine/models/llama/linears.ts';
import { residentWasm } from '../../src/engine/resident/wasm.ts';
import type { ChatTurn, GenerationOptions } from '../../src/generation/contract.ts';
import { LocalChatEngine } from '../../src/generation/local/local-engine.ts';
import { openModel } from '../../src/models/catalogue.ts';

const MODEL = 'SmolLM2-135M-Instruct-Q4_1';
const ADAPTER = 'small';
const GREEDY: Omit<GenerationOptions, 'maxNewTokens'> = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1 };
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

/** Seconds to put an adapter in force: when it is wanted for the first time, and the slowest of the later switches. */
export interface AdaptedResult extends DecodeResult {
  adapted: DecodeResult;
  switches: { first: number; later: number };
}

export async function ours({ turns, tokens, threads, placeholder }: DecodeRequest): Promise<AdaptedResult> {
  const runtime = await residentWasm({ threads });
  const engine = await LocalChatEngine.load(await openModel(MODEL), {
    runtime,
    device: 'wasm',
    adapters: async (name) => ({ name, adapter: smallAdapter(8) }),
  });
  const collect = async (conversation: ChatTurn[], maxNewTokens: number, adapter: string | null) => {
    let result: DecodeResult = { tokensPerSecond: 0, secondsToFirstToken: 0, text: '' };
    let text = '';
    const options = { ...GREEDY, maxNewTokens, adapter };
    for await (const piece of engine.stream(conversation, options, new AbortController().signal)) {
      text += piece.text;
      if (piece.stats) result = { ...piece.stats, text };
    }
    return result;
  };
  const round = (adapter: string | null) => (word: string) => {
    const fresh = turns.map(({ role, content }) => ({ role, content: content.replace(placeholder, word) }));
    return collect(fresh, tokens, adapter);
  };
  // A stream that is stopped before its first token does nothing but put the adapter in force.
  const stopped = AbortSignal.abort();
  const switchTo = async (adapter: string | null) => {
    const started = performance.now();
    for await (const { done } of engine.stream(turns, { ...GREEDY, maxNewTokens: 1, adapter }, stopped))
      if (done) break;
    return (performance.now() - started) / 1000;
  };
  const switches = { first: await switchTo(ADAPTER), later: 0 };
  for (let i = 0; i < 4; i++) switches.later = Math.max(switches.later, await switchTo(i % 2 ? ADAPTER : null));
  // In turns, so that what else the machine does meets both alike.
  const rounds = { base: [] as DecodeResult[], adapted: [] as DecodeResult[] };
  for (const word of WORDS) {
    rounds.base.push(await round(null)(word));
    rounds.adapted.push(await round(ADAPTER)(word));
  }
  await engine.dispose();
  return { ...bestOf(rounds.base), adapted: bestOf(rounds.adapted), switches };
}

/** As large as a trained one, and nearly without effect: base and adapted write the same words. */
function smallAdapter(rank: number): LoraAdapter {
  const sizes: Record<(typeof LLAMA_LINEARS)[number], [number, number]> = {
    q_proj: [576, 576],
    k_proj: [576, 192],
    v_proj: [576, 192],
    o_proj: [576, 576],
    gate_proj: [576, 1536],
    up_proj: [576, 1536],
    down_proj: [1536, 576],
  };
  const pairs: [string, LowRankPair][] = [];
  for (let layer = 0; layer < 30; layer++) {
    for (const linear of LLAMA_LINEARS) {
      const [inFeatures, outFeatures] = sizes[linear];
      const part = /^[qkvo]_/.test(linear) ? 'self_attn' : 'mlp';
      const a = new Float32Array(rank * inFeatures).fill(1e-6);
      const b = new Float32Array(outFeatures * rank).fill(1e-6);
      pairs.push([`model.layers.${layer}.${part}.${linear}`, { rank, inFeatures, outFeatures, a, b }]);
    }
  }
  const settings = { rank, alpha: rank, rankStabilised: false, dropout: 0, targets: LLAMA_LINEARS };
  return { settings, pairs: new Map(pairs), full: new Map() };
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
  return bestOf(results);
}

function bestOf(results: DecodeResult[]): DecodeResult {
  return {
    tokensPerSecond: Math.max(...results.map((result) => result.tokensPerSecond)),
    secondsToFirstToken: Math.min(...results.map((result) => result.secondsToFirstToken)),
    text: results[0]!.text,
  };
}
