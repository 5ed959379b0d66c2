/**
 * `npm run companion:test [-- pytest arguments]`: lint, types and tests of the companion node. The last line says how
 * many passed and failed over all of them.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { companionPython } from './companion/environment.mjs';
import { run } from './setup/run.mjs';
import { runCommand, setUp } from './setup/set-up.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'companion');
const report = join(root, '.cache/test/companion.xml');

await runCommand(async () => {
  // The Node client of the protocol and the starter models are used by the tests.
  console.log((await setUp(root)).join('\n'));
  const python = await companionPython(root, { development: true });
  await mkdir(dirname(report), { recursive: true });
  await rm(report, { force: true });
  let [passed, failed] = [0, 0];
  for (const [name, ...args] of [
    ['lint', 'ruff', 'check', '.'],
    ['format', 'ruff', 'format', '--check', '.'],
    ['types', 'mypy'],
  ]) {
    console.log(`\n── ${name}`);
    const { code } = await run(python, ['-m', ...args], { cwd: folder, show: true });
    if (code === 0) passed++;
    else failed++;
  }
  console.log('\n── tests');
  const { code } = await run(python, ['-m', 'pytest', `--junitxml=${report}`, ...process.argv.slice(2)], {
    cwd: folder,
    show: true,
  });
  const counts = await countTests();
  passed += counts.passed;
  failed += code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
});

/** @returns {Promise<{ passed: number, failed: number }>} a skipped test counts as failed */
async function countTests() {
  const text = await readFile(report, 'utf8').catch(() => '');
  const count = (/** @type {string} */ name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const failed = count('errors') + count('failures') + count('skipped');
  return { passed: Math.max(0, count('tests') - failed), failed };
}
