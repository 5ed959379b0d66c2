import { availableParallelism } from 'node:os';
import { readGguf } from '../../src/engine/formats/gguf.ts';
import { tokenizerFromGguf } from '../../src/engine/formats/gguf-tokenizer.ts';
import { usefulThreads } from '../../src/engine/runtime/runtime.ts';
import type { ChatTurn } from '../../src/generation/contract.ts';
import { ChatTokenizer } from '../../src/generation/local/chat-tokenizer.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { benchRow, type BenchRow } from './bench-row.ts';
import type { AdaptedResult, DecodeRequest, DecodeResult } from './decode-page.ts';
import { inChromium } from './in-chromium.ts';

const PAGE = 'scripts/bench/decode-page.ts';
const TOKENS = 48;
const PLACEHOLDER = 'west';
const PASSAGE =
  'The harbour of Ellsworth was dredged in 1912 so that larger ships could reach the new mill. Its lighthouse keeper ' +
  'wrote down the weather every morning, and the books are kept in the town hall. ';

const CONVERSATIONS: { name: string; turns: ChatTurn[] }[] = [
  {
    name: 'short prompt',
    turns: [{ role: 'user', content: `On the ${PLACEHOLDER} coast: tell me a long story about a lighthouse.` }],
  },
  {
    name: 'prompt with passages',
    turns: [
      {
        role: 'user',
        content: `The ${PLACEHOLDER} coast. ${PASSAGE.repeat(12)}\n\nTell me at length what is known about Ellsworth.`,
      },
    ],
  },
];

/** Decoding speed and time to first token in Chromium on wasm against wllama: same file, same threads, same run. */
export async function run(): Promise<BenchRow[]> {
  const threads = usefulThreads(availableParallelism());
  const files = await starterModelFiles('SmolLM2-135M-Instruct-Q4_1');
  const { name: file } = files.description.files[0]!;
  const tokenizer = new ChatTokenizer(tokenizerFromGguf((await readGguf(await files.blob(file), file)).metadata));
  const rows: BenchRow[] = [];
  for (const { name, turns } of CONVERSATIONS) {
    const request: DecodeRequest = {
      turns,
      rendered: tokenizer.render(turns),
      placeholder: PLACEHOLDER,
      tokens: TOKENS,
      threads,
    };
    const prompt = `${name}, ${tokenizer.encodeChat(turns).length} tokens`;
    const ours = await inChromium<AdaptedResult>(PAGE, 'ours', request);
    const peer = await inChromium<DecodeResult>(PAGE, 'wllama', request);
    const peerName = `wllama, ${threads} threads`;
    rows.push(
      benchRow({
        name: `decode (${prompt})`,
        ours: ours.tokensPerSecond,
        peer: peer.tokensPerSecond,
        peerName,
        unit: 'tokens/s',
        better: 'higher',
      }),
      benchRow({
        name: `first token (${prompt})`,
        ours: ours.secondsToFirstToken,
        peer: peer.secondsToFirstToken,
        peerName,
        unit: 's',
        better: 'lower',
      }),
      benchRow({
        name: `decode with a rank-8 adapter (${prompt})`,
        ours: ours.adapted.tokensPerSecond,
        peer: ours.tokensPerSecond,
        peerName: 'the base model in the same session',
        unit: 'tokens/s',
        better: 'higher',
      }),
    );
    const { first, later } = ours.switches;
    console.log(`an adapter in force: ${ms(first)} the first time, at most ${ms(later)} after that`);
  }
  return rows;
}

const ms = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
