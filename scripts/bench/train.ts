/**
 * `npm run bench:train`: a whole training step against PyTorch + PEFT on the same CPU, the two taking turns in one
 * sitting, and in Chromium on wasm against node; the wasm heap of it against its limit. PyTorch comes into a virtual
 * environment of its own, or from `ATTUNE_PYTHON`.
 */
import { availableParallelism } from 'node:os';
import { residentNode } from '../../src/engine/resident/node.ts';
import { usefulThreads } from '../../src/engine/runtime/runtime.ts';
import { starterModelFiles } from '../../src/models/node.ts';
import { benchRow, type BenchRow } from './bench-row.ts';
import { inChromium } from './in-chromium.ts';
import type { PageSteps } from './train/page.ts';
import { embedderSteps, generatorSteps, type TimedTrainer } from './train/steps.ts';
import { TorchSteps } from './train/torch.ts';

const PAGE = 'scripts/bench/train/page.ts';
const ROUNDS = 7;
const PAGE_STEPS = 5;
/** Tokens of an answer after its passages and question: what the app trains an answer model on. */
const ANSWER = 32;
const AS_IN_APP = 'as in the app';
const HEAP_LIMIT = 1.5e9;

const MINILM = 'all-MiniLM-L6-v2';
const SMOLLM = 'SmolLM2-135M-Instruct-Q4_1';

export async function run(): Promise<BenchRow[]> {
  const threads = usefulThreads(availableParallelism());
  const runtime = residentNode(threads);
  const torch = new TorchSteps(threads);
  const rows: BenchRow[] = [];
  const node = new Map<string, number>();
  const against = async (name: string, command: string, trainer: TimedTrainer) => {
    const { ours, peer } = await turns(trainer, () => torch.step(command));
    await trainer.dispose();
    node.set(name, ours);
    const peerName = `PyTorch + PEFT, ${threads} threads`;
    rows.push(benchRow({ name: `step, ${name}`, ours, peer, peerName, unit: 's', better: 'lower' }));
  };
  await against('MiniLM, 32 pairs', 'embedder', await embedderSteps(runtime, await starterModelFiles(MINILM)));
  const sizes = [256, 512].flatMap((tokens) => [
    { tokens, answer: tokens },
    { tokens, answer: ANSWER },
  ]);
  for (const size of sizes) {
    const trainer = await generatorSteps(runtime, await starterModelFiles(SMOLLM), size, 'float32', 4e9);
    await against(nameOf(size), `generator ${size.tokens} ${size.answer}`, trainer);
  }
  torch.quit();

  const long = { tokens: 512, answer: 512 };
  const alike = await generatorSteps(runtime, await starterModelFiles(SMOLLM), long, 'fitting');
  node.set(AS_IN_APP, median((await timesOf(alike, PAGE_STEPS)).slice(1)));
  await alike.dispose();

  const onNode = 'the same on onnxruntime-node';
  const minilm = await inChromium<PageSteps>(PAGE, 'embedder', { threads, steps: PAGE_STEPS });
  rows.push(
    benchRow({
      name: 'step on wasm, MiniLM, 32 pairs',
      ours: median(minilm.seconds.slice(1)),
      peer: node.get('MiniLM, 32 pairs')!,
      peerName: onNode,
      unit: 's',
      better: 'lower',
    }),
  );
  const smollm = await inChromium<PageSteps>(PAGE, 'generator', { threads, steps: PAGE_STEPS, tokens: 512 });
  for (const [peerName, peer] of [
    [onNode, AS_IN_APP],
    ['onnxruntime-node, everything kept', nameOf(long)],
  ] as const) {
    rows.push(
      benchRow({
        name: 'step on wasm, SmolLM2-135M, QLoRA, 512 tokens',
        ours: median(smollm.seconds.slice(1)),
        peer: node.get(peer)!,
        peerName,
        unit: 's',
        better: 'lower',
      }),
    );
  }
  rows.push(
    benchRow({
      name: 'peak wasm heap, SmolLM2-135M, QLoRA, 512 tokens',
      ours: smollm.heapBytes / 1e9,
      peer: HEAP_LIMIT / 1e9,
      peerName: 'the limit',
      unit: 'GB',
      better: 'lower',
    }),
  );
  return rows;
}

function nameOf({ tokens, answer }: { tokens: number; answer: number }): string {
  return `SmolLM2-135M, ${tokens} tokens, loss on ${answer === tokens ? 'all' : `the last ${answer}`}`;
}

async function timesOf({ step }: TimedTrainer, steps: number): Promise<number[]> {
  const seconds: number[] = [];
  for (let i = 0; i < steps; i++) seconds.push(await step());
  return seconds;
}

/** Medians of steps taken in turns; the first of each, which allocates and compiles, does not count. */
async function turns(trainer: TimedTrainer, peer: () => Promise<number>): Promise<{ ours: number; peer: number }> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await trainer.step());
    theirs.push(await peer());
  }
  return { ours: median(ours.slice(1)), peer: median(theirs.slice(1)) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
