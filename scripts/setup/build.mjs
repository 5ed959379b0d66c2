import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readJson, writeAtomically } from './files.mjs';
import { SetupProblem } from './problem.mjs';
import { run } from './run.mjs';

/** Everything that a build is made of. */
const SOURCES = [
  'index.html',
  'package-lock.json',
  'public',
  'scripts/serve.mjs',
  'scripts/security-headers.mjs',
  'scripts/vite',
  'src',
  'svelte.config.js',
  'vite.config.ts',
  'workers',
];

/**
 * A hash over the sources: their names and contents, and for weights, which set-up has verified, name and size.
 *
 * @param {string} root
 */
export async function hashOfSources(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES)
    for (const path of await filesUnder(join(root, source))) {
      const name = relative(root, path);
      const isWeights = name.replaceAll('\\', '/').startsWith('public/models/') && !name.endsWith('manifest.json');
      hash.update(`${name}\0`).update(isWeights ? String((await stat(path)).size) : await readFile(path));
    }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {Promise<string[]>} the file itself, or all files below the folder, sorted
 */
async function filesUnder(path) {
  const info = await stat(path).catch(() => null);
  if (!info) return [];
  if (!info.isDirectory()) return [path];
  const names = (await readdir(path)).sort();
  return (await Promise.all(names.map((name) => filesUnder(join(path, name))))).flat();
}

/**
 * Builds `dist/` unless it was built from these very sources.
 *
 * @param {{ root: string, runProgram?: typeof run }} options
 * @returns {Promise<boolean>} true when it was built
 */
export async function buildIfChanged({ root, runProgram = run }) {
  const stamp = join(root, '.cache/setup/build.json');
  const sources = await hashOfSources(root);
  const built = existsSync(join(root, 'dist/index.html')) && (await readJson(stamp))?.sources === sources;
  if (built) return false;
  console.log('Building the app…');
  const { code, output } = await runProgram(process.execPath, ['node_modules/vite/bin/vite.js', 'build'], {
    cwd: root,
    // A test runner's own NODE_ENV would make an app without its service worker.
    env: { NODE_ENV: 'production' },
  });
  if (code !== 0)
    throw new SetupProblem(`The build failed:\n${output}`, 'Undo the last change to the sources, or report it.');
  await writeAtomically(stamp, JSON.stringify({ sources }));
  return true;
}
