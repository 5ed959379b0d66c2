import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { companionKnobs, KNOBS_FILE } from '../../../scripts/generate/companion-knobs.ts';

it('gives the companion node the knobs of the app: run scripts/generate/companion-knobs.ts after changing one', async () => {
  expect(JSON.parse(await readFile(KNOBS_FILE, 'utf8'))).toEqual(JSON.parse(companionKnobs()));
});
