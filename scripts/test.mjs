/**
 * `npm test [-- stage…]`: sets up what the tests need and runs everything, or only the stages that are named. Every
 * stage runs even when one before it failed; the last line says how many tests passed and failed over all of them.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './setup/chromium.mjs';
import { readJson } from './setup/files.mjs';
import { run } from './setup/run.mjs';
import { runCommand, setUp } from './setup/set-up.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, '.cache/test');

/** @typedef {{ passed: number, failed: number }} Outcome */
/** @typedef {{ name: string, run: () => Promise<Outcome> }} Stage */

/** @param {string} name @param {string} program path below node_modules, or of a script @param {string[]} args @returns {Stage} */
function check(name, program, args = []) {
  return {
    name,
    run: async () => {
      const { code } = await run(process.execPath, [join(root, program), ...args], { cwd: root, show: true });
      return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    },
  };
}

/** @param {string} project of vitest.config.ts @returns {Stage} */
function vitest(project) {
  return {
    name: project,
    run: async () => {
      const report = join(reports, `${project}.json`);
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
      const program = join(root, 'node_modules/vitest/vitest.mjs');
      const { code } = await run(process.execPath, [program, 'run', '--project', project, ...reporters], {
        cwd: root,
        show: true,
      });
      return countTests(await readJson(report), code);
    },
  };
}

/**
 * A skipped test counts as failed: a required thing that is missing must not look like success. So does a file that
 * could not be loaded, and a run that died.
 *
 * @param {any} report of vitest's JSON reporter
 * @param {number} exitCode
 * @returns {Outcome}
 */
function countTests(report, exitCode) {
  const passed = report?.numPassedTests ?? 0;
  const failedTests = (report?.numFailedTests ?? 0) + (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const brokenFiles = (report?.testResults ?? []).filter(
    (/** @type {any} */ file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = failedTests + brokenFiles;
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

/** @type {Stage[]} */
const stages = [
  check('lint', 'node_modules/eslint/bin/eslint.js', ['.', '--max-warnings=0']),
  check('format', 'node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level=warn', '.']),
  check('types of the app', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.app.json']),
  check('types of the workers', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.worker.json']),
  check('types of scripts and tests', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.node.json']),
  check('svelte-check', 'node_modules/svelte-check/bin/svelte-check', [
    ...['--tsconfig', './tsconfig.app.json', '--fail-on-warnings'],
  ]),
  check('svelte-check sees errors', 'scripts/test/planted-error.mjs'),
  check('dead code', 'node_modules/knip/bin/knip.js'),
  check('boundaries', 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs', [
    ...['--config', '.dependency-cruiser.mjs', 'src', 'workers'],
  ]),
  vitest('unit'),
  vitest('browser'),
  check('build', 'node_modules/vite/bin/vite.js', ['build', '--logLevel', 'warn']),
  check('budget', 'node_modules/tsx/dist/cli.mjs', ['scripts/budget.ts']),
  vitest('e2e'),
];

await runCommand(async () => {
  console.log((await setUp(root)).join('\n'));
  process.env.ATTUNE_CHROMIUM = await ensureChromium();
  await rm(reports, { recursive: true, force: true });
  await mkdir(reports, { recursive: true });

  const wanted = process.argv.slice(2);
  const chosen = wanted.length === 0 ? stages : stages.filter(({ name }) => wanted.includes(name));
  /** @type {(Outcome & { name: string, seconds: number })[]} */
  const outcomes = [];
  for (const stage of chosen) {
    console.log(`\n── ${stage.name}`);
    const start = performance.now();
    const outcome = await stage.run();
    outcomes.push({ name: stage.name, ...outcome, seconds: (performance.now() - start) / 1000 });
  }

  console.log('\n── summary');
  for (const { name, passed, failed, seconds } of outcomes) {
    const verdict = failed > 0 ? `${failed} FAILED` : 'ok';
    console.log(
      `${name.padEnd(28)} ${String(passed).padStart(5)} passed  ${verdict.padEnd(10)} ${seconds.toFixed(0)} s`,
    );
  }
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
});
