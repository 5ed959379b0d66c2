import { ANSWER_RECIPE } from '../../chat/prompt/answer-recipe.ts';
import { seededRandom, shuffled } from '../../engine/training/random.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import type { ExampleRow } from '../../storage/schema.ts';
import type { ExportFormat, ExportOptions } from '../contract.ts';
import { turnsOf, withThought } from '../formats/conversations.ts';
import { raftRecord } from '../formats/raft.ts';
import { plainWords } from '../words.ts';

type Format = Exclude<ExportFormat, 'native'>;

const WRITERS: Record<Format, (rows: readonly ExampleRow[], options: ExportOptions, seed: number) => object[]> = {
  chat: (rows) => answered(rows).map((row) => ({ messages: turnsOf(row) })),
  sharegpt: (rows) => answered(rows).map((row) => ({ conversations: turnsOf(row).map(spoken) })),
  alpaca: (rows) =>
    answered(rows).map(({ question, passage, answer, thought }) => ({
      instruction: question,
      input: passage,
      output: withThought(answer, thought),
    })),
  raft: (plain, { distractors = 3 }, seed) => {
    const rows = withHeadings(plain);
    const others = new Distractors(rows, seed);
    return answered(rows).map((row, i) => {
      const chosen = others.of(row, i, distractors);
      return raftRecord(row, chosen, Math.floor(seededRandom(seed, i, 1)() * (chosen.length + 1)));
    });
  },
  pairs: (rows) => rightPassages(rows).map(({ question, passage }) => ({ anchor: question, positive: passage })),
  triplets: (plain, _, seed) => {
    const rows = withHeadings(plain);
    const others = new Distractors(rows, seed);
    return rightPassages(rows).flatMap((row, i) => {
      const negatives = row.negatives.length > 0 ? row.negatives : others.of(row, i, 1).map(({ text }) => text);
      return negatives.map((negative) => ({ anchor: row.question, positive: row.passage, negative }));
    });
  },
};

/** The rows of one part in a format; rows that the format has no place for are left out. */
export function recordsFor(
  rows: readonly ExampleRow[],
  options: ExportOptions & { format: ExportFormat },
  seed: number,
): object[] {
  return WRITERS[options.format as Format](rows, options, seed);
}

/** Rows that a language model can learn an answer or a refusal from, all passages as one text. */
function answered(rows: readonly ExampleRow[]): ExampleRow[] {
  return rows.flatMap((row) => {
    const passage = [row.passage, ...(row.morePassages ?? []).map(({ text }) => text)].join('\n\n');
    if (row.kind === 'unanswerable') return [{ ...row, passage, answer: ANSWER_RECIPE.refusal }];
    return row.answer === '' ? [] : [{ ...row, passage }];
  });
}

/** Rows whose passage is right for the question. */
function rightPassages(rows: readonly ExampleRow[]): ExampleRow[] {
  return rows.filter(({ kind }) => kind !== 'unanswerable');
}

/** Negatives have their headings: a right passage without would be told apart by its form alone. */
function withHeadings(rows: readonly ExampleRow[]): ExampleRow[] {
  return rows.map(({ morePassages, ...row }) => ({
    ...row,
    passage: passageText({ headings: row.headings, text: row.passage }),
    ...(morePassages && { morePassages: morePassages.map((each) => ({ ...each, text: passageText(each) })) }),
  }));
}

function spoken({ role, content }: { role: string; content: string }) {
  const from = { system: 'system', user: 'human', assistant: 'gpt' }[role];
  return { from, value: content };
}

/** Wrong passages: those that a row names, then others of the same part, which may stand in no other part's file. */
class Distractors {
  readonly #pool: { text: string; documentKey: string; plain: string }[];
  readonly #seed: number;

  constructor(rows: readonly ExampleRow[], seed: number) {
    const byText = new Map(rows.map(({ passage, documentKey }) => [passage, { text: passage, documentKey }]));
    this.#pool = [...byText.values()].map((passage) => ({ ...passage, plain: plainWords(passage.text) }));
    this.#seed = seed;
  }

  of(row: ExampleRow, index: number, count: number): { text: string; documentKey: string }[] {
    const named = row.negatives.map((text) => ({ text, documentKey: '' }));
    if (named.length >= count) return named;
    const answer = plainWords(row.answer);
    const own = new Set([row.passage, ...row.negatives, ...(row.morePassages ?? []).map(({ text }) => text)]);
    const others: { text: string; documentKey: string }[] = [];
    for (const { text, documentKey, plain } of shuffled(this.#pool, seededRandom(this.#seed, index, 2))) {
      if (named.length + others.length >= count) break;
      const mayAnswer = documentKey === row.documentKey || (answer.length > 3 && plain.includes(answer));
      if (!own.has(text) && !mayAnswer) others.push({ text, documentKey });
    }
    return [...named, ...others];
  }
}
