/**
 * `npm run companion [-- flags]`: the node that tunes on this machine. Makes its Python environment on first use, starts
 * it on loopback with the starter models, and shows URL and token. `-- --help` lists the flags.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { companionPython } from './companion/environment.mjs';
import { runCommand } from './setup/set-up.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

await runCommand(async () => {
  const python = await companionPython(root);
  const folder = join(root, 'companion');
  const own = ['--models', join(root, 'public/models'), '--data', join(folder, '.data')];
  const child = spawn(python, ['-m', 'attune_companion', ...own, ...process.argv.slice(2)], {
    cwd: folder,
    stdio: 'inherit',
  });
  // Ctrl+C reaches the child by itself, and a second one would keep it from ending in order: this process only waits.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.exitCode = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 0)));
});
