import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, requireFreeSpace } from './files.mjs';
import { SetupProblem } from './problem.mjs';
import { run } from './run.mjs';

/** What node_modules takes once unpacked, with npm's cache beside it. */
const INSTALLED_BYTES = 2_000_000_000;

/**
 * Whether node_modules is what the lockfile says. npm writes its own record of an installation as the last step, so an
 * interrupted one is seen, and so is a change of the lockfile; no stamp of ours could say more.
 *
 * @param {string} root of the repository
 */
export async function dependenciesAreInstalled(root) {
  const wanted = (await readJson(join(root, 'package-lock.json')))?.packages;
  const installed = (await readJson(join(root, 'node_modules/.package-lock.json')))?.packages;
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    // Optional packages belong to other platforms more often than not; npm decides about them.
    if (path === '' || entry.optional || entry.devOptional || entry.peer) return true;
    return installed[path]?.version === entry.version && existsSync(join(root, path));
  });
}

/**
 * Installs the dependencies from the lockfile, unless they are there.
 *
 * @param {{ root: string, runProgram?: typeof run }} options
 * @returns {Promise<boolean>} true when something was installed
 * @throws SetupProblem when npm fails
 */
export async function installDependencies({ root, runProgram = run }) {
  if (await dependenciesAreInstalled(root)) return false;
  await requireFreeSpace(root, INSTALLED_BYTES);
  console.log('Installing dependencies from the lockfile…');
  const { command, args } = npm();
  // Not `npm ci`: it refuses a lockfile that lacks the optional packages of some other platform, which is what a
  // registry mirror that does not carry them leaves behind. `--no-save` keeps the lockfile as it is, and its versions
  // and hashes bind this command just the same.
  const install = ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund'];
  const { code } = await runProgram(command, [...args, ...install], {
    cwd: root,
    show: true,
    // The postinstall of onnxruntime-node downloads GPU parts from a host that many networks do not reach, and fails
    // the whole installation. The CPU parts are inside the package. (.npmrc turns scripts off; this is the second lock.)
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (code === 0) return true;
  throw new SetupProblem(
    code === 127 ? 'npm was not found.' : `npm could not install the dependencies (exit code ${code}, see above).`,
    code === 127
      ? 'Install Node.js 20.19 or newer together with npm, then run the command again.'
      : 'Check that this machine reaches its npm registry ("npm ping"), then run the command again: what was downloaded is kept.' +
          (existsSync(join(root, 'dist/serve.mjs')) ? ' Until then "node dist/serve.mjs" serves the last build.' : ''),
  );
}

/** The npm that started us, if any; by its own path, which also works where `npm` is a .cmd file. */
export function npm() {
  const cli = process.env.npm_execpath;
  return cli ? { command: process.execPath, args: [cli] } : { command: 'npm', args: [] };
}
