/**
 * Compiles src/retrieval/vectors/scan.wat into scan-module.ts: base64 in a module, because the same few hundred bytes
 * then load alike in a worker, in a page and in Node, without a fetch that a static host could answer wrongly.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabtFactory from 'wabt';

const folder = new URL('../../src/retrieval/vectors/', import.meta.url);

/** @returns the text of scan-module.ts for the present scan.wat. */
export async function generateScanModule(): Promise<string> {
  const wabt = await wabtFactory();
  const module = wabt.parseWat('scan.wat', readFileSync(new URL('scan.wat', folder), 'utf8'), { simd: true });
  const bytes = module.toBinary({}).buffer;
  module.destroy();
  return (
    '// Generated from scan.wat by `npm run generate:scan`; a test compares the two.\n' +
    `export const scanModule =\n  '${Buffer.from(bytes).toString('base64')}';\n`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('scan-module.ts', folder), await generateScanModule());
}
