import type { SentenceSupport } from '../../storage/schema.ts';
import { claimsOf, withoutCitations, type Claim } from './claims.ts';
import { supportMatrix, type Similarities } from './support.ts';

/** A passage that may hold up a sentence. */
export interface Source {
  number: number;
  text: string;
}

export interface Attribution {
  /** The answer with citations that hold: the model's where they do, ours where it gave none or wrong ones. */
  text: string;
  /** One entry per claim, offsets into `text`. */
  support: SentenceSupport[];
}

// A second source is named only if it is nearly as good as the best one.
const NEARLY_AS_GOOD = 0.15;
const MOST_SOURCES = 2;
// The model saw the passages, so its own citation is believed on a little less than ours.
const TRUST_IN_CITED = 0.8;

/**
 * Finds the source of each sentence of an answer.
 *
 * What the model cites is checked: a citation that its passage does not hold up is dropped. A sentence left without
 * one is matched with the passages that support it best. A sentence that none supports carries no citation and is
 * marked `none`.
 *
 * @param minimumSupport 0 to 1, see `CHAT_KNOBS.minimumSupport`.
 */
export async function attribute(
  answer: string,
  sources: readonly Source[],
  similarities: Similarities,
  minimumSupport: number,
): Promise<Attribution> {
  const claims = claimsOf(answer);
  const matrix = await supportMatrix(
    claims.map((claim) => claim.plain),
    sources.map((source) => source.text),
    similarities,
  );
  const found = claims.map((claim, row) => {
    const scores = sources.map((source, at) => ({ number: source.number, score: matrix[row * sources.length + at]! }));
    return { claim, ...sourcesOf(claim, scores, minimumSupport) };
  });
  return rewrite(answer, found);
}

type Found = Pick<SentenceSupport, 'passages' | 'basis'>;

/** Which passages hold a claim up, given how well each does: those that the model cited where they do, else the best. */
export function sourcesOf(
  claim: Pick<Claim, 'cited'>,
  scores: { number: number; score: number }[],
  minimum: number,
): Found {
  const cited = scores.filter(({ number, score }) => claim.cited.includes(number) && score >= minimum * TRUST_IN_CITED);
  if (cited.length > 0) return { passages: cited.map(({ number }) => number), basis: 'cited' };
  const holding = scores.filter(({ score }) => score >= minimum).sort((a, b) => b.score - a.score);
  const best = holding[0];
  if (!best) return { passages: [], basis: 'none' };
  const matched = holding.filter(({ score }) => best.score - score <= NEARLY_AS_GOOD).slice(0, MOST_SOURCES);
  return { passages: matched.map(({ number }) => number).sort((a, b) => a - b), basis: 'matched' };
}

/** Writes the answer anew: every citation of the model is taken out, the ones that hold are put at their sentence's end. */
function rewrite(answer: string, found: ({ claim: Claim } & Found)[]): Attribution {
  const support: SentenceSupport[] = [];
  let text = '';
  let position = 0;
  for (const { claim, passages, basis } of found) {
    text += withoutCitations(answer.slice(position, claim.start));
    const start = text.length;
    text += cite(withoutCitations(answer.slice(claim.start, claim.end)).trim(), passages);
    support.push({ start, end: text.length, passages, basis });
    position = claim.end;
  }
  text += withoutCitations(answer.slice(position));
  return { text: text.trimEnd(), support };
}

/** Puts citations at a sentence's end. */
export function cite(sentence: string, passages: readonly number[]): string {
  if (passages.length === 0) return sentence;
  const numbers = passages.map((number) => `[${number}]`).join('');
  // The citation stands before the full stop: "… within 30 days [2]."
  const ending = /[.!…]+["'”’)*_]*$/.exec(sentence)?.[0] ?? '';
  return `${sentence.slice(0, sentence.length - ending.length)} ${numbers}${ending}`;
}
