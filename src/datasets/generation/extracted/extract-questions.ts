import { splitSentences, type Span } from '../../../chat/text/sentences.ts';
import type { PassageWriter, SourcePassage, WrittenPassage, WrittenQuestion } from '../passage-writer.ts';
import { isWhole, readable, spanInPassage, type ReadableText } from '../readable.ts';
import { isAlike } from '../writer/checks.ts';

/** "An X is a Y": a thing of few words at the beginning of a sentence, and what it is. */
const DEFINITION =
  /^(?:(The|An?) )?((?:[\p{L}\p{N}][\p{L}\p{N}'’/-]*)(?: [\p{L}\p{N}][\p{L}\p{N}'’/-]*){0,4}) (is|are|means|refers to) ((?:a|an|the|any|all|when|where|those|people|one) [^.;:\n]{10,180})/u;
/** What begins a sentence without being a thing. */
const NO_THING =
  /^(?:it|this|that|these|those|there|here|he|she|we|you|they|i|what|which|who|if|when|as|in|on|at|for|one|some|all|each|most|many|another|and|but|or)\b/i;
/** Questions on cells of one table differ in a word. */
const SAME = 1;
const COLUMNS = /^Columns: (.+)$/;

/**
 * Questions by rules alone, word for word from the passage: definitions, headings, table cells. They suit reviewing and
 * tests of answers; for tuning a search they are too near to their passages.
 */
export class ExtractedWriter implements PassageWriter {
  readonly generator = 'rules';
  readonly #perPassage: number;

  constructor(perPassage: number) {
    this.#perPassage = perPassage;
  }

  write(passage: SourcePassage): Promise<WrittenPassage> {
    const found = extractQuestions(passage.chunk);
    const questions: WrittenQuestion[] = [];
    const dropped: Record<string, number> = {};
    for (const candidate of found) {
      const alike = isAlike(
        candidate.question,
        questions.map(({ question }) => question),
        SAME,
      );
      const reason = alike ? 'asked before' : 'more than wanted';
      if (alike || questions.length >= this.#perPassage) dropped[reason] = (dropped[reason] ?? 0) + 1;
      else questions.push(candidate);
    }
    return Promise.resolve({ questions, drafts: found.length, dropped, tokens: { prompt: 0, output: 0 } });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

/** All questions that the rules find in a passage: definitions first, then its heading, then its table. */
export function extractQuestions({ text, headings }: { text: string; headings: readonly string[] }): WrittenQuestion[] {
  const read = readable(text);
  const sentences = splitSentences(read.text);
  const asked = (question: string, answer: Span, evidence: Span, kind: WrittenQuestion['kind']): WrittenQuestion => ({
    question,
    answer: read.text.slice(answer.start, answer.end),
    kind,
    evidence: spanInPassage(read, evidence.start, evidence.end),
  });
  const prose = sentences.filter(({ start }) => read.text[start] !== '|');
  return [
    ...prose.flatMap((sentence) => definitionIn(read, sentence, asked)),
    ...headingQuestion(read, prose, headings, asked),
    ...tableQuestions(read, sentences, headings, asked),
  ];
}

type Ask = (question: string, answer: Span, evidence: Span, kind: WrittenQuestion['kind']) => WrittenQuestion;

function definitionIn(read: ReadableText, sentence: Span, asked: Ask): WrittenQuestion[] {
  const match = DEFINITION.exec(read.text.slice(sentence.start, sentence.end));
  if (!match) return [];
  const [whole, article, thing, verb, meaning] = match as unknown as [
    string,
    string | undefined,
    string,
    string,
    string,
  ];
  const end = sentence.start + whole.trimEnd().length;
  const answer = { start: sentence.start + whole.length - meaning.length, end };
  if (NO_THING.test(thing) || !isWhole(read, answer.start, answer.end)) return [];
  const named = article ? `${article.toLowerCase()} ${thing}` : thing;
  const question = verb === 'is' || verb === 'are' ? `What ${verb} ${named}?` : `What does ${named} mean?`;
  return [asked(question, answer, sentence, 'definition')];
}

/** "How to report a bug" asks itself; its answer is how the passage begins. */
function headingQuestion(
  read: ReadableText,
  prose: readonly Span[],
  headings: readonly string[],
  asked: Ask,
): WrittenQuestion[] {
  const heading = headings.at(-1)?.trim() ?? '';
  const first = prose.find(({ start, end }) => end - start >= 20 && isWhole(read, start, end));
  if (!first) return [];
  const howTo = /^how to (.+?)[.:]?$/i.exec(heading)?.[1];
  if (howTo) return [asked(`How do you ${howTo}?`, first, first, 'procedure')];
  return heading.endsWith('?') && heading.includes(' ') ? [asked(heading, first, first, 'fact')] : [];
}

/** "What is the <column> of <row>?", for each cell but the first of its row. */
function tableQuestions(
  { text }: ReadableText,
  sentences: readonly Span[],
  headings: readonly string[],
  asked: Ask,
): WrittenQuestion[] {
  const rows = sentences.filter(({ start }) => text[start] === '|').map((row) => ({ row, cells: cellsOf(text, row) }));
  const isRule = ({ row }: (typeof rows)[number]) => /^\|[\s|:-]+$/.test(text.slice(row.start, row.end));
  const named = (cells: Span[]) => cells.map(({ start, end }) => text.slice(start, end));
  const ruled = rows.findIndex(isRule);
  // A later piece of a long table has its columns in its heading.
  const columns =
    ruled > 0 ? named(rows[ruled - 1]!.cells) : (COLUMNS.exec(headings.at(-1) ?? '')?.[1]?.split(', ') ?? []);
  if (columns.length < 2) return [];
  return rows.slice(ruled + 1).flatMap(({ row, cells }) => {
    const [first] = cells;
    if (!first || cells.length !== columns.length || first.start === first.end) return [];
    const name = text.slice(first.start, first.end);
    return cells.slice(1).flatMap((cell, i) => {
      const column = columns[i + 1]!.trim();
      return cell.end > cell.start && column
        ? [asked(`What is the ${column.toLowerCase()} of ${name}?`, cell, row, 'fact')]
        : [];
    });
  });
}

/** Cells of a row `| a | b |`, without the blanks around them. */
function cellsOf(text: string, { start, end }: Span): Span[] {
  const cells: Span[] = [];
  const row = text.slice(start, end).replace(/\|\s*$/, '');
  for (const match of row.matchAll(/\|([^|]*)/g)) {
    const inner = match[1]!;
    const from = start + match.index + 1 + (inner.length - inner.trimStart().length);
    cells.push({ start: from, end: Math.max(from, start + match.index + 1 + inner.trimEnd().length) });
  }
  return cells;
}
