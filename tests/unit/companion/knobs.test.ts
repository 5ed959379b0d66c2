import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { companionKnobs, KNOBS_FILE } from '../../../scripts/generate/companion-knobs.ts';
import { companionSearch, SEARCH_FILE } from '../../../scripts/generate/companion-search.ts';

it('gives the companion node the knobs of the app: run scripts/generate/companion-knobs.ts after changing one', async () => {
  expect(JSON.parse(await readFile(KNOBS_FILE, 'utf8'))).toEqual(JSON.parse(companionKnobs()));
});

it('gives it how the app searches: run scripts/generate/companion-search.ts after a change of settings or languages', async () => {
  expect(JSON.parse(await readFile(SEARCH_FILE, 'utf8'))).toEqual(JSON.parse(companionSearch()));
});
