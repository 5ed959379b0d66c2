import { existsSync } from 'node:fs';
import { FIRST_LOAD_BUDGET_BYTES, staticFirstLoad } from '../first-load.ts';
import { benchRow, type BenchRow } from './bench-row.ts';

/** JavaScript of the first load against its budget. */
export async function run(): Promise<BenchRow[]> {
  if (!existsSync('dist/index.html')) throw new Error('There is no build: run "npm run build" first.');
  const bytes = staticFirstLoad('dist').reduce((sum, script) => sum + script.gzipBytes, 0);
  return [
    benchRow({
      name: 'first load, JavaScript gzipped',
      ours: bytes / 1000,
      peer: FIRST_LOAD_BUDGET_BYTES / 1000,
      peerName: 'budget',
      unit: 'KB',
      better: 'lower',
    }),
  ];
}
