/**
 * Proves that svelte-check still sees errors: it checks a component with a planted one and fails when nothing is found.
 * A change of TypeScript's major version once made svelte-check pass everything in silence.
 */
import { spawnSync } from 'node:child_process';

const { status, stdout } = spawnSync(
  process.execPath,
  [
    'node_modules/svelte-check/bin/svelte-check',
    ...['--workspace', 'scripts/test/planted', '--tsconfig', './tsconfig.json', '--output', 'machine'],
  ],
  { encoding: 'utf8' },
);
const seen = status !== 0 && stdout.includes('Planted.svelte') && stdout.includes("'string' is not assignable");
console.log(seen ? 'svelte-check found the planted error' : `svelte-check missed the planted error:\n${stdout}`);
process.exitCode = seen ? 0 : 1;
