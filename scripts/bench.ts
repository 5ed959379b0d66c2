/**
 * `npm run bench [-- name…] [-- --json FILE]`: runs the modules of scripts/bench that export `run`, one after the other
 * so that they do not disturb each other, and prints every figure as a ratio to a peer measured in the same run.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BenchRow } from './bench/bench-row.ts';

const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true });
const FOLDER = new URL('./bench/', import.meta.url);

// Read before imported: page modules lie beside the benches and need a browser.
const benches = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts') && /^export (async function|const) run\b/m.test(read(file)))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => positionals.length === 0 || positionals.includes(name));

function read(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}

const rows: BenchRow[] = [];
for (const name of benches) {
  console.log(`\n${name}`);
  try {
    const { run } = (await import(new URL(`${name}.ts`, FOLDER).href)) as { run: () => Promise<BenchRow[]> };
    const measured = await run();
    rows.push(...measured);
    for (const row of measured) console.log(line(row));
  } catch (error) {
    console.error(`  failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);

function line({ name, ours, peer, peerName, unit, ratio, better }: BenchRow): string {
  const figures = `${round(ours)} ${unit} against ${round(peer)} (${peerName}), ${better} is better`;
  return `  ${ratio.toFixed(2).padStart(7)} x  ${name}: ${figures}`;
}

function round(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
