/** `npm start`: set-up, build if something changed, serve. Works from a fresh clone; the second time it takes seconds. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from './serve.mjs';
import { buildIfChanged } from './setup/build.mjs';
import { runCommand, setUp } from './setup/set-up.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

await runCommand(async () => {
  const status = await setUp(root);
  await buildIfChanged({ root });
  const { url } = await serve({ folder: join(root, 'dist'), port: Number(process.env.PORT ?? 4173) });
  console.log(`\nAttune runs at ${url}\n${status.join('\n')}\nNothing leaves this machine. Stop with Ctrl+C.`);
});
