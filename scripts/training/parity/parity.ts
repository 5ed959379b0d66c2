/**
 * Adapters trained here compute the same in Python's PEFT, and the other way round; so do merged models and GGUF files.
 *
 * Run: npx tsx scripts/training/parity/parity.ts
 * Out: a table; exit code 1 when a difference is above its tolerance
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, openAsBlob, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PEFT_CONFIG, PEFT_WEIGHTS } from '../../../src/engine/adapters/peft-config.ts';
import { readPeft } from '../../../src/engine/adapters/read-peft.ts';
import type { MergedModel } from '../../../src/engine/adapters/merge.ts';
import { streamSafetensors } from '../../../src/engine/formats/safetensors-writer.ts';
import { writePeft } from '../../../src/engine/adapters/write-peft.ts';
import { python } from '../../bench/train/torch.ts';
import { decoderSide } from './decoder-side.ts';
import { encoderSide } from './encoder-side.ts';
import { scorerSide } from './scorer-side.ts';
import type { Side } from './side.ts';

const FOLDER = '.cache/parity';

/**
 * Both sides compute in float32 and differ by the order of their sums: 1e-7 in a unit vector, and some 5e-5 in logits of
 * about 20 after 30 blocks. A mistake in a scale, a transposition or a row order is of the size of the effect.
 */
const TOLERANCE: Record<string, number> = { embeddings: 2e-6, scores: 1e-5, logits: 5e-4, updates: 1e-6 };

rmSync(FOLDER, { recursive: true, force: true });
const sides: Side[] = [await encoderSide(), await scorerSide(), await decoderSide()];
const request: Record<string, unknown> = {};
const effects: Record<string, number> = {};
for (const side of sides) {
  const adapter = await side.train();
  const [base, tuned] = [await side.compute(null), await side.compute(adapter)];
  effects[side.name] = worst(base, tuned);
  request[side.name] = { ...side.inputs, base, tuned };
  const folder = `${FOLDER}/${side.name}`;
  const { config, weights } = writePeft(adapter, { ...side.peft, baseModel: side.shape.name, dtype: 'F32' });
  await save(`${folder}-attune`, { [PEFT_CONFIG]: new Blob([config]), [PEFT_WEIGHTS]: weights });
  const merged = side.merge(adapter);
  await save(`${folder}-merged`, {
    'config.json': new Blob([JSON.stringify(merged.config)]),
    'model.safetensors': await collected(merged),
  });
  await save(FOLDER, side.exports?.(adapter) ?? {});
}
writeFileSync(`${FOLDER}/attune.json`, JSON.stringify(request));

execFileSync(python(), ['scripts/training/parity/peft_parity.py', FOLDER, 'public/models'], { stdio: 'inherit' });

const { report, outputs } = JSON.parse(readFileSync(`${FOLDER}/peft.json`, 'utf8')) as {
  report: Record<string, number>;
  outputs: Record<string, number[][]>;
};
for (const side of sides) {
  const folder = `${FOLDER}/${side.name}-peft`;
  const json: unknown = JSON.parse(readFileSync(`${folder}/${PEFT_CONFIG}`, 'utf8'));
  const adapter = await readPeft(json, await openAsBlob(`${folder}/${PEFT_WEIGHTS}`), side.shape);
  report[`${side.numbers}: adapter of PEFT in Attune`] = worst(await side.compute(adapter), outputs[side.name]!);
  await side.dispose();
}

let failed = false;
for (const [what, difference] of Object.entries(report)) {
  const tolerance = TOLERANCE[what.split(':')[0]!]!;
  failed ||= !(difference < tolerance);
  console.log(
    `${difference < tolerance ? 'ok  ' : 'FAIL'} ${what}: ${difference.toExponential(1)} (tolerance ${tolerance})`,
  );
}
for (const [name, effect] of Object.entries(effects))
  console.log(`     effect of the adapter on ${name}: ${effect.toFixed(3)}`);
process.exitCode = failed ? 1 : 0;

async function save(folder: string, files: Record<string, Blob>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, blob] of Object.entries(files)) {
    writeFileSync(`${folder}/${name}`, new Uint8Array(await blob.arrayBuffer()));
  }
}

async function collected({ tensors }: MergedModel): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of streamSafetensors(tensors)) parts.push(part);
  return new Blob(parts);
}

function worst(one: number[][], two: number[][]): number {
  const other = two.flat();
  return one.flat().reduce((max, value, i) => Math.max(max, Math.abs(value - other[i]!)), 0);
}
