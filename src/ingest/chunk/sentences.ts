/** Offsets of a sentence, white space around it not included. */
export interface Span {
  start: number;
  end: number;
}

/** Segmenting a long string in one go takes time that grows with its square; pieces of this length do not. */
const pieceLength = 8_000;

/** One for all languages: rules differ for Greek only, and chunks must not change when the guessed language does. */
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/**
 * Sentences of `text.slice(start, end)` after Unicode's rules (UAX #29), with the mistakes mended that these make:
 * a line break within a paragraph ends no sentence, nor do abbreviations and initials.
 */
export function sentences(text: string, start: number, end: number): Span[] {
  const spans: Span[] = [];
  for (const piece of pieces(text, start, end)) {
    const flat = text.slice(piece.start, piece.end).replace(/\s/g, ' ');
    let from = 0;
    for (const { segment, index } of segmenter.segment(flat)) {
      const to = index + segment.length;
      if (to < flat.length && endsWithAbbreviation(flat.slice(Math.max(from, to - 24), to))) continue;
      push(spans, text, piece.start + from, piece.start + to);
      from = to;
    }
    push(spans, text, piece.start + from, piece.end);
  }
  return spans;
}

function push(spans: Span[], text: string, from: number, to: number): void {
  let start = from;
  let end = to;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  if (start < end) spans.push({ start, end });
}

/** Cuts long text where a sentence most likely ends: after a full stop that ends a line, else after any, else anywhere blank. */
function pieces(text: string, start: number, end: number): Span[] {
  const result: Span[] = [];
  let from = start;
  while (end - from > pieceLength) {
    const window = text.slice(from, from + pieceLength);
    const cut =
      lastEnd(window, /[.!?。！？]["”’)]*\n/g) ??
      lastEnd(window, /[.!?]["”’)]*\s(?=[\p{Lu}\p{N}])|[。！？]/gu) ??
      lastEnd(window, /\s/g);
    const to = from + (cut ?? pieceLength);
    result.push({ start: from, end: to });
    from = to;
  }
  result.push({ start: from, end });
  return result;
}

function lastEnd(window: string, pattern: RegExp): number | undefined {
  let end: number | undefined;
  for (const match of window.matchAll(pattern)) end = match.index + match[0].length;
  return end;
}

/** Written with a full stop without ending a sentence, in the languages that Attune's people write most. */
const abbreviations = new Set(
  (
    'mr mrs ms dr prof rev hon st sr jr gen col capt lt sgt no nos vol vols fig figs eq eqs ch sec art para pp ed eds al etc cf vs ' +
    'e.g i.e a.m p.m u.s u.k inc ltd co corp dept approx est jan feb mar apr jun jul aug sep sept oct nov dec ' +
    'bzw ca evtl ggf inkl nr usw vgl z.b d.h u.a abs bd hr fr mme mlle m av env p.ex sra srta ud uds pág art núm'
  ).split(' '),
);

function endsWithAbbreviation(tail: string): boolean {
  const word = /(?:^|[\s(["“‘])((?:\p{L}\.\s?)*[\p{L}.]+)\.\s*$/u.exec(tail)?.[1];
  if (!word) return false;
  // Initials and "z. B.": single letters. "I." is left to end sentences.
  if (/^(?:\p{L}\.\s?)*\p{L}$/u.test(word)) return word !== 'I';
  return abbreviations.has(word.toLowerCase().replace(/\s/g, ''));
}

const isSpace = (text: string, index: number) => /\s/.test(text[index]!);
