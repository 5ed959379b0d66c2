import { findChromium } from '../chromium.mjs';
import { SetupProblem } from './problem.mjs';
import { run } from './run.mjs';

/**
 * Makes sure that the tests have a browser: installs the distribution's Chromium where none is found and that is
 * possible without a question.
 *
 * @returns {Promise<string>} its path
 * @throws SetupProblem
 */
export async function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot || (await run('sudo', ['-n', 'true'])).code === 0;
  if (process.platform === 'linux' && sudo && !process.env.ATTUNE_CHROMIUM) {
    console.log('Installing Chromium for the tests…');
    const [command, prefix] = isRoot ? ['apt-get', []] : ['sudo', ['-n', 'apt-get']];
    await run(command, [...prefix, 'update'], { show: true });
    await run(command, [...prefix, 'install', '-y', '--no-install-recommends', 'chromium'], { show: true });
  }
  const installed = findChromium();
  if (installed) return installed;
  throw new SetupProblem(
    'The tests need a Chromium or Chrome, and none was found.',
    'Install one (on Debian: "sudo apt-get install chromium") or set ATTUNE_CHROMIUM to its path.',
  );
}
