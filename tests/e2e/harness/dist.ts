import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Folder of the production build under test; `ATTUNE_DIST` points at another one. */
export function distFolder(): string {
  const folder = resolve(process.env.ATTUNE_DIST ?? 'dist');
  if (!existsSync(`${folder}/index.html`)) {
    throw new Error(`There is no build at ${folder}: run "npm run build" first (npm test does it by itself).`);
  }
  return folder;
}
