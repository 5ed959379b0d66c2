import { expect, test } from 'vitest';
import { detectLanguage } from '../../../src/ingest/language.ts';

test('an identifier among English words does not make the text Klingon', async () => {
  const text =
    'The team lead reviews every merge request. For the old URL see youtube MRzgOzlbsPQ, and write down what was decided. ';
  expect(await detectLanguage(text.repeat(3))).toBe('en');
});
