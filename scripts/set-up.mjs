/** Set-up alone: `npm run setup`, and before `dev`, `build` and `bench`. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, setUp } from './setup/set-up.mjs';

await runCommand(async () => {
  const status = await setUp(dirname(dirname(fileURLToPath(import.meta.url))));
  console.log(status.join('\n'));
});
