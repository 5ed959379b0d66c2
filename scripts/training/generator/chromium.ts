/**
 * The parity run in real Chromium on wasm, QLoRA on the weights as they are stored, next to that of attune.ts on node: the
 * losses have to be the same. evaluate.ts asks the adapter that it leaves.
 *
 * Run: npx tsx scripts/training/generator/chromium.ts [steps, 40]
 * In: .cache/generator/{train,attune}.json, and reference.json where PyTorch ran. Out: .cache/generator/chromium.json (losses,
 * seconds), .cache/generator/chromium/ (PEFT adapter)
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { usefulThreads } from '../../../src/engine/runtime/runtime.ts';
import { inChromium } from '../../bench/in-chromium.ts';
import { writeAdapterFiles } from './adapter-folder.ts';
import type { ChromiumRun } from './chromium-page.ts';
import type { ParityRun } from './parity-run.ts';
import type { PreparedExample } from './prepare.ts';

const FOLDER = '.cache/generator';
const read = <T>(name: string) => JSON.parse(readFileSync(`${FOLDER}/${name}.json`, 'utf8')) as T;
const steps = Number(process.argv[2] ?? 40);
const threads = usefulThreads(availableParallelism());
const load = loadavg()[0]!;
const {
  run: page,
  heapBytes,
  adapter,
} = await inChromium<ChromiumRun>('scripts/training/generator/chromium-page.ts', 'run', {
  examples: read<PreparedExample[]>('train'),
  steps,
  threads,
});
writeFileSync(`${FOLDER}/chromium.json`, JSON.stringify(page));
const weights = Buffer.from(adapter.weights.slice(adapter.weights.indexOf(',') + 1), 'base64');
writeAdapterFiles(`${FOLDER}/chromium`, adapter.config, weights);
const node = read<ParityRun>('attune');
const torch = existsSync(`${FOLDER}/reference.json`) ? read<ParityRun>('reference') : undefined;
const mean = (losses: number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
for (let step = 10; step <= page.steps; step += 10) {
  const at = ({ losses }: ParityRun) => mean(losses.slice(step - 10, step)).toFixed(3);
  const peer = torch ? `, PyTorch ${at(torch)}` : '';
  console.log(`steps ${step - 9} to ${step}: wasm ${at(page)}, node ${at(node)}${peer}`);
}
const apart = page.losses.map((loss, i) => Math.abs(loss - node.losses[i]!));
console.log(
  `largest difference to node ${Math.max(...apart).toFixed(4)}; ${(page.seconds / page.steps).toFixed(2)} s a step, ` +
    `${(page.tokens / page.seconds).toFixed(0)} tokens/s on ${threads} threads (load before ${load.toFixed(1)}), ` +
    `heap ${(heapBytes / 1e9).toFixed(2)} GB`,
);
