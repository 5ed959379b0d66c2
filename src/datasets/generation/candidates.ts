import { splitSentences, type Span } from '../../chat/text/sentences.ts';
import type { QuestionKind } from '../../storage/schema.ts';

/** A stretch of a passage that may be the answer to a question. */
export interface AnswerCandidate extends Span {
  text: string;
  kind: QuestionKind;
  /** The sentence, list item or table row around it: what holds the answer. */
  evidence: Span;
}

/** Longest answer, in words. */
const LONGEST = 14;
const FUNCTION_WORDS = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by can
  could did do does doing down during each either even every few for from further had has have having he her here hers him
  his how however i if in into is it its itself just like may me might more most must my neither no nor not now of off on
  once only or other our out over own per same she should so some such than that the their them then there these they this
  those through to too under until up upon us very was we were what when where whether which while who whom whose why will
  with within without would yes you your`.split(/\s+/),
);
const NUMBER = /(?:[$€£]\s?)?\d[\d.,:/-]*\d?\s?(?:%|percent|million|billion|thousand)?(?:[ -]\p{Ll}[\p{L}-]+)?|\d\b/gu;
const MONTHS = 'January|February|March|April|May|June|July|August|September|October|November|December';
const DATE = new RegExp(`(?:\\d{1,2} )?(?:${MONTHS})(?: \\d{1,2})?(?:,? \\d{4})?|\\b(?:1[89]|20)\\d\\d\\b`, 'g');
const NAME = /\p{Lu}[\p{L}\p{N}&'’-]*(?:(?: (?:of|the|and|for|de|von))?[ ]\p{Lu}[\p{L}\p{N}&'’-]*)*/gu;
const QUOTED = /[“"]([^“”"\n]{2,60})[”"]|(?<![\p{L}\p{N}])([#@][\p{L}\p{N}_-]{2,40})/gu;
const DEFINITION = /^(.{2,80}?)\s(?:is|are|means|refers to|is defined as|stands for)\s(.{8,200}?)(?=[.;:,(]|$)/u;
/** "by asking the manager", "to make sure that …": how, why, for whom. */
const CLAUSE = /\b(?:by|because|so that|in order to|to|for|if|when|until|unless|with)\s+([^.,;:()\n]{8,100})/gu;
const ITEM = /^\s*(?:[-*+•‣◦▪●○·–]|\(?(?:\d{1,3}|[a-z])[.)])\s+/;

/**
 * Stretches of a text that could answer a question, in the order of the text: numbers and dates, names, terms, the two
 * sides of definitions, clauses of purpose and means, list items, table cells. English in its rules, sparing elsewhere.
 */
export function answerCandidates(text: string): AnswerCandidate[] {
  const found: AnswerCandidate[] = [];
  for (const sentence of splitSentences(text)) {
    const line = text.slice(sentence.start, sentence.end);
    const add = (start: number, end: number, kind: QuestionKind) => {
      const span = tidy(text, sentence.start + start, sentence.start + end);
      if (span) found.push({ ...span, text: text.slice(span.start, span.end), kind, evidence: sentence });
    };
    if (line.startsWith('|')) {
      if (!/^\|[\s|:-]+$/.test(line)) for (const { start, end } of cells(line)) add(start, end, 'fact');
      continue;
    }
    const all = (pattern: RegExp, kind: QuestionKind = 'fact', from = 0) => {
      for (const match of line.matchAll(pattern)) {
        if (match.index < from) continue;
        const part = match.slice(1).find((group) => group !== undefined) ?? match[0];
        const start = match.index + match[0].indexOf(part);
        add(start, start + part.length, kind);
      }
    };
    const definition = DEFINITION.exec(line);
    if (definition) {
      const [, , meaning] = definition;
      const start = definition[0].lastIndexOf(meaning!);
      add(start, start + meaning!.length, 'definition');
    }
    const marker = ITEM.exec(line)?.[0].length ?? 0;
    if (marker > 0 && words(line) <= LONGEST) add(marker, line.length, 'fact');
    all(DATE);
    // The number of a list item is no answer.
    all(NUMBER, 'fact', marker);
    all(QUOTED);
    for (const match of line.matchAll(NAME)) {
      // A single word at the beginning of a sentence is capitalised whatever it is.
      if (match.index > marker || match[0].includes(' ')) add(match.index, match.index + match[0].length, 'fact');
    }
    all(CLAUSE, 'procedure');
    for (const { start, end } of phrases(line)) add(start, end, 'fact');
  }
  return distinct(found);
}

/** Words between function words and punctuation, two to five in a row: terms, mostly. */
function phrases(line: string): Span[] {
  const spans: Span[] = [];
  let open: Span | undefined;
  let count = 0;
  const close = () => {
    if (open && count >= 2 && count <= 5) spans.push(open);
    open = undefined;
    count = 0;
  };
  let last = 0;
  for (const match of line.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)) {
    const gap = line.slice(last, match.index);
    if (open && !/^\s+$/.test(gap)) close();
    last = match.index + match[0].length;
    if (FUNCTION_WORDS.has(match[0].toLowerCase())) {
      close();
      continue;
    }
    open = { start: open?.start ?? match.index, end: last };
    count++;
  }
  close();
  return spans;
}

function cells(row: string): Span[] {
  const spans: Span[] = [];
  for (const match of row.matchAll(/[^|\n]+/g)) {
    if (/\p{L}|\p{N}/u.test(match[0])) spans.push({ start: match.index, end: match.index + match[0].length });
  }
  return spans;
}

/** Without white space and punctuation at the ends; undefined: nothing of an answer is left. */
function tidy(text: string, start: number, end: number): Span | undefined {
  const edge = /[\s.,;:!?"“”'’()|*_–-]/;
  while (start < end && edge.test(text[start]!)) start++;
  while (end > start && edge.test(text[end - 1]!)) end--;
  const inner = text.slice(start, end);
  if (inner.length < 2) return undefined;
  if (inner.includes('\n') || words(inner) > LONGEST || FUNCTION_WORDS.has(inner.toLowerCase())) return undefined;
  return /\p{L}|\p{N}/u.test(inner) ? { start, end } : undefined;
}

function words(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}

/** The first of those with equal words, in the order of the text. */
function distinct(candidates: readonly AnswerCandidate[]): AnswerCandidate[] {
  const seen = new Set<string>();
  return candidates
    .filter(({ text }) => {
      const key = text.toLowerCase();
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => a.start - b.start || b.end - a.end);
}

/**
 * Some of the candidates, spread over the sentences: each sentence gives one before any gives its second. Those of one
 * sentence are drawn; overlapping ones are not chosen together.
 */
export function spreadCandidates(
  candidates: readonly AnswerCandidate[],
  count: number,
  random: () => number,
): AnswerCandidate[] {
  const bySentence = new Map<number, { candidate: AnswerCandidate; draw: number }[]>();
  for (const candidate of candidates) {
    const group = bySentence.get(candidate.evidence.start) ?? [];
    group.push({ candidate, draw: random() });
    bySentence.set(candidate.evidence.start, group);
  }
  const queues = [...bySentence.values()]
    .map((group) => group.sort((a, b) => a.draw - b.draw).map(({ candidate }) => candidate))
    .map((queue) => ({ queue, draw: random() }))
    .sort((a, b) => a.draw - b.draw)
    .map(({ queue }) => queue);
  const chosen: AnswerCandidate[] = [];
  while (chosen.length < count && queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      const next = queue.findIndex((c) => !chosen.some((other) => c.start < other.end && other.start < c.end));
      if (next < 0) queue.length = 0;
      else if (chosen.length < count) chosen.push(...queue.splice(next, 1));
    }
  }
  return chosen.sort((a, b) => a.start - b.start);
}
