import { jaccard, shingles } from '../ingest/duplicates/minhash.ts';
import { passageText } from '../retrieval/passage-text.ts';
import type { ExampleRow } from '../storage/schema.ts';

type Guarded = Pick<ExampleRow, 'question' | 'answer' | 'passage' | 'headings' | 'morePassages'>;
type Candidate = Pick<ExampleRow, 'headings'> & { text: string };

/** Word triples in common above which two passages say the same. */
const NEAR_DUPLICATE = 0.5;

/**
 * Keeps passages from standing as wrong ones that most likely are right and were not marked: the right ones of the same
 * question, wherever they are, what says nearly the same as them, and what holds the answer in so many words.
 */
export class NegativeGuard {
  readonly #right = new Map<string, Set<string>>();
  readonly #shingles = new Map<string, Set<number>>();
  readonly #plain = new Map<string, string>();

  /** @param examples all rows of which passages are known to be right */
  constructor(examples: readonly Guarded[]) {
    for (const example of examples) {
      const key = plain(example.question);
      const texts = this.#right.get(key) ?? new Set();
      this.#right.set(key, texts);
      for (const passage of rightPassages(example)) texts.add(passageText(passage));
    }
  }

  /** Texts, with headings, of the right passages of an example's question. */
  right(example: Guarded): ReadonlySet<string> {
    return this.#right.get(plain(example.question)) ?? new Set(rightPassages(example).map(passageText));
  }

  /** Why a passage may not stand as a wrong one for an example; undefined where it may. */
  reason(
    example: Guarded,
    candidate: { text: string; headings: readonly string[] },
  ): 'right' | 'holdsAnswer' | 'nearDuplicate' | undefined {
    if (this.right(example).has(passageText(candidate))) return 'right';
    const answer = plain(example.answer);
    if (answer.length > 3 && ` ${this.#plainOf(candidate.text)} `.includes(` ${answer} `)) return 'holdsAnswer';
    const other = this.#shinglesOf(candidate.text);
    const isNear = rightPassages(example).some(({ text }) => jaccard(this.#shinglesOf(text), other) >= NEAR_DUPLICATE);
    return isNear ? 'nearDuplicate' : undefined;
  }

  #shinglesOf(text: string): Set<number> {
    return remembered(this.#shingles, text, shingles);
  }

  #plainOf(text: string): string {
    return remembered(this.#plain, text, plain);
  }
}

function rightPassages({ passage, headings, morePassages = [] }: Guarded): Candidate[] {
  return [{ text: passage, headings }, ...morePassages];
}

function remembered<T>(known: Map<string, T>, text: string, make: (text: string) => T): T {
  let value = known.get(text);
  if (value === undefined) known.set(text, (value = make(text)));
  return value;
}

function plain(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}
