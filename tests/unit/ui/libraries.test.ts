import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { libraries } from '../../../src/ui/screens/settings/libraries.ts';

interface Package {
  license: string;
  dependencies: Record<string, string>;
}
const packageAt = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../../${path}/package.json`, import.meta.url), 'utf8')) as Package;

test('every library that ships is named with the licence that it states', () => {
  const shipped = Object.keys(packageAt('.').dependencies).sort();
  const stated = shipped.map((name) => ({
    name,
    licence: packageAt(`node_modules/${name}`).license.replace(/^\(|\)$/g, ''),
  }));
  expect([...libraries]).toEqual(stated);
});
