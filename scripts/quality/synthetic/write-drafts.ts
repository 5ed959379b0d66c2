import { appendFileSync, existsSync, mkdirSync, openAsBlob, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { choosePassages, worthReading } from '../../../src/datasets/generation/passages.ts';
import type { SourcePassage } from '../../../src/datasets/generation/passage-writer.ts';
import { readable } from '../../../src/datasets/generation/readable.ts';
import { generationSettings } from '../../../src/datasets/generation/settings.ts';
import type { Draft } from '../../../src/datasets/generation/writer/drafts.ts';
import { loadDraftWriter } from '../../../src/datasets/generation/writer/load.ts';
import { QuestionWriter } from '../../../src/datasets/generation/writer/question-writer.ts';
import { PEFT_CONFIG, PEFT_WEIGHTS } from '../../../src/engine/adapters/peft-config.ts';
import { readPeft } from '../../../src/engine/adapters/read-peft.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { STARTER_GENERATOR } from '../../training/generator/answerer.ts';
import { scriptRuntime } from '../../training/script-runtime.ts';

/** Drafts of one passage, before any check: a line of the file that they are kept in. */
export interface PassageDrafts {
  passage: number;
  drafts: Draft[];
}

/** The passages of a corpus that are worth a question, in the order of reading. */
export function passagesToRead(passages: readonly SourcePassage[], seed: number, limit: number): SourcePassage[] {
  const { shortest } = generationSettings('writer');
  const worth = passages.filter(({ chunk }) => worthReading(chunk, shortest));
  const byId = new Map(worth.map((passage) => [passage.chunk.id, passage]));
  const chosen = choosePassages(
    worth.map(({ chunk }) => chunk),
    seed,
    limit,
  );
  return chosen.map(({ id }) => byId.get(id)!);
}

/**
 * Lets the question writer draft questions and keeps them line by line, so that a killed run goes on where it was.
 *
 * @param file of the drafts; passages that it holds are not asked about again
 * @param seconds after which it stops early
 */
export async function writeDrafts(
  passages: readonly SourcePassage[],
  file: string,
  settings: Record<string, unknown>,
  seed: number,
  seconds = Infinity,
): Promise<PassageDrafts[]> {
  const known = existsSync(file) ? readDrafts(file) : [];
  const done = new Set(known.map(({ passage }) => passage));
  const left = passages.filter(({ place }) => !done.has(place));
  if (left.length === 0 || seconds <= 0) return known;
  mkdirSync(dirname(file), { recursive: true });
  const { drafts, dispose } = await loadDraftWriter(await starterModelFiles(STARTER_GENERATOR), {
    runtime: scriptRuntime(),
    adapter: async (shape) => {
      const folder = 'public/adapters/questions';
      const weights = await openAsBlob(join(folder, PEFT_WEIGHTS));
      return readPeft(JSON.parse(readFileSync(join(folder, PEFT_CONFIG), 'utf8')), weights, shape);
    },
  });
  const writer = new QuestionWriter({
    generator: STARTER_GENERATOR,
    drafts,
    settings: generationSettings('writer', settings),
    seed,
  });
  const started = performance.now();
  let [tokens, written] = [0, 0];
  for (const [at, passage] of left.entries()) {
    const made = await writer.draft(passage, readable(passage.chunk.text));
    const line = { passage: passage.place, drafts: made.drafts };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    known.push(line);
    tokens += made.tokens.prompt + made.tokens.output;
    written += made.drafts.length;
    const ends = performance.now() - started > 1000 * seconds;
    if (ends || (at + 1) % 20 === 0 || at + 1 === left.length) {
      const seconds = (performance.now() - started) / 1000;
      console.log(
        `${at + 1} of ${left.length} passages, ${written} drafts, ${(tokens / seconds).toFixed(0)} tokens/s, ` +
          `${(((seconds / (at + 1)) * (left.length - at - 1)) / 60).toFixed(1)} min left`,
      );
    }
    if (ends) break;
  }
  await dispose();
  return known;
}

export function readDrafts(file: string): PassageDrafts[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PassageDrafts);
}
