/**
 * Writes the knobs of training as data for the companion node, which has the same names, ranges and defaults:
 * `npx tsx scripts/generate/companion-knobs.ts`. A unit test fails when the file is older than the knobs.
 */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TRAINING_KNOBS } from '../../src/training/settings.ts';

export const KNOBS_FILE = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  'companion/attune_companion/training/knobs.json',
);

/** The knobs of the three tasks that a node trains, as the text of the file. */
export function companionKnobs(): string {
  const { embedder, reranker, generator } = TRAINING_KNOBS;
  return `${JSON.stringify({ embedder, reranker, generator }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(KNOBS_FILE, companionKnobs());
