import { wordsInCommon, wordsOf } from '../words.ts';

/** A question as it is compared: its words, and its numbers, which make two questions different whatever else is alike. */
interface Compared {
  words: ReadonlySet<string>;
  numbers: string;
}

export function compared(question: string): Compared {
  const words = wordsOf(question);
  return { words: new Set(words), numbers: words.filter((word) => /\p{N}/u.test(word)).join(' ') };
}

/** Share of words in common; 0 where numbers differ: "in 2019" is not "in 2020". */
export function questionSimilarity(a: Compared, b: Compared): number {
  return a.numbers === b.numbers ? wordsInCommon(a.words, b.words) : 0;
}

/**
 * Finds similar questions among many. Two sets of Jaccard similarity t share a word among the rarest of each (prefix
 * filtering, Chaudhuri, Ganti, Kaushik 2006), so only those few words are looked up.
 */
export class SimilarQuestions {
  readonly #least: number;
  readonly #frequency = new Map<string, number>();
  readonly #questions: Compared[];
  readonly #byWord = new Map<string, number[]>();

  /** @param least least similarity, above 0 */
  constructor(questions: readonly string[], least: number) {
    this.#least = least;
    this.#questions = questions.map(compared);
    for (const { words } of this.#questions)
      for (const word of words) this.#frequency.set(word, (this.#frequency.get(word) ?? 0) + 1);
    this.#questions.forEach(({ words }, i) => {
      for (const word of this.#rarest(words)) {
        const known = this.#byWord.get(word);
        if (known) known.push(i);
        else this.#byWord.set(word, [i]);
      }
    });
  }

  /** @returns index of the most similar one and its similarity; undefined where none reaches the least */
  nearest(question: string): { index: number; similarity: number } | undefined {
    const own = compared(question);
    const candidates = new Set(this.#rarest(own.words).flatMap((word) => this.#byWord.get(word) ?? []));
    let best: { index: number; similarity: number } | undefined;
    for (const index of candidates) {
      const similarity = questionSimilarity(own, this.#questions[index]!);
      if (similarity >= this.#least && similarity > (best?.similarity ?? 0)) best = { index, similarity };
    }
    return best;
  }

  /** Words of one order for all questions: rare ones first, those never seen before all. */
  #rarest(words: ReadonlySet<string>): string[] {
    const count = (word: string) => this.#frequency.get(word) ?? 0;
    const order = [...words].sort((a, b) => count(a) - count(b) || (a < b ? -1 : 1));
    return order.slice(0, words.size - Math.ceil(this.#least * words.size) + 1);
  }
}
