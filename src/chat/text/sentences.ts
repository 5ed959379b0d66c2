/** A stretch of a text; `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

// A full stop after one of these ends no sentence; Intl.Segmenter breaks there.
const ABBREVIATION =
  /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|ca|no|vol|fig|p|pp|dr|mr|mrs|ms|prof|st|sr|jr|inc|ltd|co|corp|u\.s|u\.k|a\.m|p\.m|z\.b|d\.h|bzw|nr|[A-Z])\.\s*$/i;
const LIST_NUMBER = /^\s*\d{1,3}[.)]\s*$/;
const ENDS_OPEN = /[,;:(]\s*$/;
const CITATION = /\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]/g;

let segmenter: Intl.Segmenter | undefined;

/**
 * Splits a text into sentences, by offsets. Line breaks end a sentence (list items, headings, table rows); citations
 * such as `[2]` after the full stop belong to the sentence before them; abbreviations do not end one. Spans carry no
 * white space at their ends and together cover every other character.
 */
export function splitSentences(text: string): Span[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'sentence' });
  // The segmenter counts white space to the sentence before it, which is where citations belong too.
  const masked = text.replace(CITATION, (citation) => ' '.repeat(citation.length));
  const spans: Span[] = [];
  for (const line of masked.matchAll(/[^\n]+/g)) {
    const inLine: Span[] = [];
    for (const { segment, index } of segmenter.segment(line[0])) {
      const start = line.index + index;
      const open = inLine.at(-1);
      if (open && continues(masked.slice(open.start, open.end), segment)) open.end = start + segment.length;
      else inLine.push({ start, end: start + segment.length });
    }
    spans.push(...inLine);
  }
  return spans.map((span) => trimmed(text, span)).filter((span) => span.end > span.start);
}

function continues(before: string, segment: string): boolean {
  return ABBREVIATION.test(before) || LIST_NUMBER.test(before) || ENDS_OPEN.test(before) || /^\s*\p{Ll}/u.test(segment);
}

function trimmed(text: string, { start, end }: Span): Span {
  while (start < end && /\s/.test(text[start]!)) start++;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  return { start, end };
}
