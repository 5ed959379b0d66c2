import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { detectLanguage, documentLanguage } from '../../../src/ingest/language.ts';

test('an identifier among English words does not make the text Klingon', async () => {
  const text =
    'The team lead reviews every merge request. For the old URL see youtube MRzgOzlbsPQ, and write down what was decided. ';
  expect(await detectLanguage(text.repeat(3))).toBe('en');
});

test('real pages are what they are', async () => {
  const handbook = 'public/samples/handbook';
  for (const name of await readdir(handbook)) {
    expect(await detectLanguage(await readFile(`${handbook}/${name}`, 'utf8')), name).toBe('en');
  }
  const german =
    'Die Mitglieder wählen den Vorstand für die Dauer von zwei Jahren. Eine Wiederwahl ist zulässig, sofern die Satzung nichts anderes bestimmt. ';
  expect(await detectLanguage(german)).toBe('de');
  expect(await detectLanguage('Too short.')).toBeUndefined();
});

test('a note of a line is in a language of its reader, if it can be', async () => {
  const english = 'The holiday decorations are stored in the cellar of the office.';
  const german = 'Der Schlüssel zum Keller hängt im Büro neben der Tür.';
  expect(await documentLanguage(english, ['de-AT', 'en-GB'])).toBe('en');
  expect(await documentLanguage(german, ['en-US', 'de'])).toBe('de');
  expect(await documentLanguage(english, ['ja'])).toBeUndefined();
  expect(await documentLanguage('Too short.', ['en'])).toBeUndefined();
  expect(await documentLanguage(english.repeat(3), ['de'])).toBe('en');
});
