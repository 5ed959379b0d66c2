import { existsSync, readFileSync } from 'node:fs';
import type { RecipePassage } from '../../../src/chat/prompt/answer-recipe.ts';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { passageText } from '../../../src/retrieval/passage-text.ts';
import { handbookPassages } from '../../quality/library.ts';
import { shuffled } from '../../../src/engine/training/random.ts';
import type { XquadItem } from '../xquad.ts';

/** A question with passages, as it is put to a model whose answers are scored. */
export interface ScoredQuestion {
  question: string;
  answers: string[];
  passages: RecipePassage[];
  /** Number of the passage that holds the answer, from 1; absent: none does, and a refusal is right. */
  right?: number;
}

export interface QuestionSet {
  answerable: ScoredQuestion[];
  unanswerable: ScoredQuestion[];
}

/** A passage with the questions that it answers. */
interface Source {
  passage: RecipePassage;
  questions: { question: string; answers: string[] }[];
}

/** XQuAD questions on their own paragraph and the two nearest to it, in any order. */
export async function xquadQuestions(
  items: readonly XquadItem[],
  embedder: Embedder,
  random: () => number,
): Promise<QuestionSet> {
  const sources = new Map<string, Source>();
  for (const { paragraph, article, question, answers } of items) {
    const passage = { headings: [article.replaceAll('_', ' ')], text: paragraph };
    const source = sources.get(paragraph) ?? { passage, questions: [] };
    source.questions.push({ question, answers });
    sources.set(paragraph, source);
  }
  const all = [...sources.values()];
  return questionsOn(
    all,
    all.map(({ passage }) => passage),
    embedder,
    random,
  );
}

/** Questions of the handbook whose answer stands in one of its passages, cut as the app cuts them. */
export async function handbookQuestions(embedder: Embedder, random: () => number): Promise<QuestionSet> {
  const file = '../shared/data/handbook/questions.jsonl';
  if (!existsSync(file)) throw new Error(`${file} is missing: put the handbook's questions there.`);
  const passages = await handbookPassages();
  const sources = new Map<RecipePassage, Source>();
  for (const row of readFileSync(file, 'utf8').trim().split('\n')) {
    const { question, answer, quotes, kind } = JSON.parse(row) as Record<'question' | 'answer' | 'kind', string> & {
      quotes: string[];
    };
    // What refers to an earlier question, or to a picture, cannot be answered from passages.
    if (kind === 'Contextual Anaphora' || kind === 'Multimodal') continue;
    const passage = passages.find(
      ({ text }) => holds(text, answer) && quotes.some((quote) => holds(text, quote) || holds(quote, text)),
    );
    if (!passage) continue;
    const source = sources.get(passage) ?? { passage, questions: [] };
    source.questions.push({ question, answers: [answer] });
    sources.set(passage, source);
  }
  return questionsOn([...sources.values()], passages, embedder, random);
}

/**
 * Wrong passages are the nearest to the right one, the same for all of its questions, so that a model reads them once;
 * passages that hold an answer too are no wrong ones.
 */
async function questionsOn(
  sources: readonly Source[],
  library: readonly RecipePassage[],
  embedder: Embedder,
  random: () => number,
): Promise<QuestionSet> {
  const width = embedder.dimensions;
  const textOf = ({ headings, text }: RecipePassage) => passageText({ headings: [...headings], text });
  const rows = await embedder.embed(library.map(textOf), 'passage');
  const set: QuestionSet = { answerable: [], unanswerable: [] };
  for (const { passage, questions } of sources) {
    const own = library.findIndex(({ text }) => text === passage.text);
    const score = library.map((_, other) => {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += rows[own * width + d]! * rows[other * width + d]!;
      return sum;
    });
    const answers = questions.flatMap((question) => question.answers);
    const wrong = [...library.keys()]
      .sort((a, b) => score[b]! - score[a]!)
      .map((index) => library[index]!)
      .filter((other) => other.text !== passage.text && !answers.some((answer) => holds(other.text, answer)))
      .slice(0, 3);
    const passages = shuffled([passage, ...wrong.slice(0, 2)], random);
    for (const question of questions) {
      set.answerable.push({ ...question, passages, right: passages.indexOf(passage) + 1 });
      set.unanswerable.push({ ...question, passages: wrong });
    }
  }
  return set;
}

function holds(text: string, part: string): boolean {
  const plain = (value: string) =>
    ` ${value
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()} `;
  return plain(text).includes(plain(part));
}
