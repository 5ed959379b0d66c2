import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupProblem } from '../setup/problem.mjs';
import { run } from '../setup/run.mjs';

const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3'];

/**
 * Makes the Python environment of the companion node where it is missing or its lock has changed: `companion/.venv`.
 *
 * @param {string} root of the repository
 * @param {{ development?: boolean }} [options] `development`: with what the tests need
 * @returns {Promise<string>} path of its Python
 * @throws {SetupProblem} when there is no fitting Python, or the packages cannot be installed
 */
export async function companionPython(root, { development = false } = {}) {
  const folder = join(root, 'companion');
  const venv = join(folder, '.venv');
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const locks = [development ? 'requirements-dev.lock' : 'requirements.lock'];
  if ((await run('nvidia-smi', ['-L'])).code === 0) locks.push('requirements-cuda.lock');
  const texts = await Promise.all(locks.map((lock) => readFile(join(folder, lock), 'utf8')));
  const mark = join(venv, 'installed.json');
  const wanted = createHash('sha256').update(texts.join('\n')).digest('hex');
  const known = await readMark(mark);
  // The environment of the tests holds everything that the service needs.
  if (known.includes(wanted)) return python;

  const base = await findPython();
  if (known.length === 0) await rm(venv, { recursive: true, force: true });
  await mkdir(venv, { recursive: true });
  console.log(`Installing the companion’s Python packages into companion/.venv (several GB, once) …`);
  await must(base, ['-m', 'venv', venv], 'Python cannot make an environment', 'Install Python’s module venv.');
  for (const lock of locks) {
    await must(
      python,
      [
        ...['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet', '--no-deps'],
        ...['--require-hashes', '-r', join(folder, lock)],
      ],
      `The packages of companion/${lock} could not be installed`,
      'Look whether the package registry can be reached and 8 GB are free, then start again.',
    );
  }
  const service = await readFile(join(folder, 'requirements.lock'), 'utf8');
  const contained = createHash('sha256')
    .update([service, ...texts.slice(1)].join('\n'))
    .digest('hex');
  await writeFile(mark, JSON.stringify([...new Set([wanted, contained])]));
  return python;
}

/** @param {string} mark @returns {Promise<string[]>} hashes of the locks that are installed */
async function readMark(mark) {
  try {
    return JSON.parse(await readFile(mark, 'utf8'));
  } catch {
    return [];
  }
}

/** @returns {Promise<string>} a Python from 3.11 to 3.13 */
async function findPython() {
  for (const name of PYTHONS) {
    const { code, output } = await run(name, ['-c', 'import sys; print(*sys.version_info[:2])']);
    const [major, minor] = output.trim().split(' ').map(Number);
    if (code === 0 && major === 3 && minor !== undefined && minor >= 11 && minor <= 13) return name;
  }
  throw new SetupProblem('The companion node needs Python 3.11, 3.12 or 3.13', 'Install one of them and start again.');
}

/** @param {string} command @param {string[]} args @param {string} what @param {string} wayOut */
async function must(command, args, what, wayOut) {
  const { code, output } = await run(command, args);
  if (code !== 0) throw new SetupProblem(`${what}: ${output.trim().split('\n').slice(-3).join(' ')}`, wayOut);
}
