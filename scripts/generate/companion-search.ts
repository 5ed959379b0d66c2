/**
 * Writes how the app searches as data for the companion node, whose ranking models stand behind the same search:
 * `npx tsx scripts/generate/companion-search.ts`. A unit test fails when the file is older than the app.
 */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { languages } from '../../src/retrieval/lexical/languages.ts';
import { retrievalSettings } from '../../src/retrieval/settings.ts';

export const SEARCH_FILE = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  'companion/attune_companion/data/search.json',
);

/** Settings of a search where nobody has changed any, and what is known of languages, as the text of the file. */
export function companionSearch(): string {
  const { denseWeight, candidates, k1, b } = retrievalSettings();
  const known = Object.entries(languages).map(([code, { stemmer, stopwords }]) => [
    code,
    { stemmer, stopwords: stopwords.join(' ') },
  ]);
  const search = { settings: { denseWeight, candidates, k1, b }, languages: Object.fromEntries(known) as unknown };
  return `${JSON.stringify(search, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(SEARCH_FILE, companionSearch());
