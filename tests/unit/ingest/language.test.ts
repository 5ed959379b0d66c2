import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { detectLanguage } from '../../../src/ingest/language.ts';

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
