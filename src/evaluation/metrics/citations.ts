/** Citations in an answer, and whether they point to the right passages. */

/** `[2]`, `[1, 3]`. */
const CITATION = /\[\d+(?:\s*,\s*\d+)*\]/g;

/** Numbers that an answer cites, in order, each once. */
export function citedNumbers(answer: string): number[] {
  const numbers = [...answer.matchAll(CITATION)].flatMap(([citation]) => citation.match(/\d+/g)!.map(Number));
  return [...new Set(numbers)];
}

/** An answer's words alone; a space stands where a citation stood. */
export function withoutCitations(answer: string): string {
  return answer.replace(CITATION, ' ');
}

/**
 * Share of the cited passages that are right; undefined when nothing is cited. A number that no passage has is a wrong
 * citation. The judgement is by passage, not by statement as in ALCE (Gao et al. 2023), which needs a model.
 *
 * @param right numbers of the right passages among those shown
 */
export function citationPrecision(answer: string, right: ReadonlySet<number>): number | undefined {
  const cited = citedNumbers(answer);
  return cited.length === 0 ? undefined : cited.filter((number) => right.has(number)).length / cited.length;
}

/** Share of the right passages shown that are cited; undefined when none was shown. */
export function citationRecall(answer: string, right: ReadonlySet<number>): number | undefined {
  if (right.size === 0) return undefined;
  return citedNumbers(answer).filter((number) => right.has(number)).length / right.size;
}
