import type { DatasetSplit } from '../../../storage/schema.ts';
import { groupOf } from '../../split.ts';
import { plainWords, wordsOf } from '../../words.ts';
import { failed, passed, type CheckedRow, type Finding, type Judge } from '../rule.ts';
import { SimilarQuestions } from '../similar-questions.ts';

/** Parts that a row of a part must not give away; the row that goes is always the one that is learned from. */
const GUARDED: Record<DatasetSplit, DatasetSplit[]> = { train: ['test', 'validation'], validation: ['test'], test: [] };
/** Answers of fewer words ("30 days", "yes") are shared by chance. */
const TELLING_WORDS = 5;

/** Rows that give away a row of a part that judges: by what was kept together in the split, by question, by answer. */
export const leakage: Judge<'leakage'> = (rows, { knobs, splitBy, isOut, progress }) => {
  const by = knobs.documents && (splitBy === 'document' || splitBy === 'subject') ? splitBy : undefined;
  const guarded = new Map(
    (['validation', 'test'] as const).map((part) => {
      const own = rows.filter((row, i) => row.split === part && !isOut(i) && row.review !== 'rejected');
      return [part, new GuardedPart(own, by, knobs.similarity)] as const;
    }),
  );
  return rows.map((row, i): Finding => {
    if (i % 100 === 0) progress(i);
    for (const part of row.split ? GUARDED[row.split] : []) {
      const fault = guarded.get(part as 'validation' | 'test')!.givenAwayBy(row, knobs.answers);
      if (fault) return failed(`${fault} in the part for ${part === 'test' ? 'the test' : 'validation'}.`);
    }
    return passed('It gives no row of another part away.');
  });
};

class GuardedPart {
  readonly #rows: readonly CheckedRow[];
  /** What may lie in one part only; undefined: neither documents nor subjects were kept together. */
  readonly #by: 'document' | 'subject' | undefined;
  readonly #groups: ReadonlySet<string | undefined>;
  readonly #questions: SimilarQuestions;
  readonly #answers = new Map<string, CheckedRow[]>();

  constructor(rows: readonly CheckedRow[], by: 'document' | 'subject' | undefined, similarity: number) {
    this.#rows = rows;
    this.#by = by;
    this.#groups = new Set(rows.map((row) => this.#groupOf(row)));
    this.#questions = new SimilarQuestions(
      rows.map(({ question }) => question),
      similarity,
    );
    for (const row of rows)
      for (const key of answerKeys(row)) this.#answers.set(key, [...(this.#answers.get(key) ?? []), row]);
  }

  givenAwayBy(row: CheckedRow, byAnswer: boolean): string | undefined {
    const group = this.#groupOf(row);
    if (group !== undefined && this.#groups.has(group)) return `Its ${this.#by} ${group} also lies`;
    const near = this.#questions.nearest(row.question);
    if (near) return `It says nearly the same as “${this.#rows[near.index]!.question}”`;
    if (!byAnswer) return undefined;
    const same = answerKeys(row)
      .flatMap((key) => this.#answers.get(key) ?? [])
      .find((other) => other.passage !== row.passage || spansOverlap(row, other));
    return same && `It has the same answer as “${same.question}”`;
  }

  /** As the split has it, so that nothing is found that was dealt apart on purpose. */
  #groupOf(row: CheckedRow): string | undefined {
    // Rows that name no document have none in common.
    return this.#by && row.documentKey !== '' ? groupOf(row, this.#by) : undefined;
  }
}

/** The answer with its passage, and a long one by itself. */
function answerKeys({ answer, passage }: CheckedRow): string[] {
  const plain = plainWords(answer);
  const count = wordsOf(answer).length;
  return [...(count > 0 ? [`${plainWords(passage)}|${plain}`] : []), ...(count >= TELLING_WORDS ? [plain] : [])];
}

/** The same words may be the answer at two places of a passage. */
function spansOverlap({ evidence: a }: CheckedRow, { evidence: b }: CheckedRow): boolean {
  return !a || !b || (a.start < b.end && b.start < a.end);
}
