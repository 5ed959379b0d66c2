import { existsSync, readFileSync } from 'node:fs';
import type { Embedder } from '../../../src/retrieval/contract.ts';
import { passageText } from '../../../src/retrieval/passage-text.ts';
import type { RecipePassage } from '../../../src/chat/prompt/answer-recipe.ts';
import { handbookPassages } from '../../quality/library.ts';
import { shuffled } from '../shuffle.ts';
import type { XquadItem } from '../xquad.ts';

/** A question with passages, as it is put to a model whose answers are scored. */
export interface ScoredQuestion {
  question: string;
  answers: string[];
  passages: RecipePassage[];
  /** Number of the passage that holds the answer, from 1; absent: none does, and a refusal is right. */
  right?: number;
}

/** Enough that three are left when those with the answer are taken away. */
const NEAREST = 30;

/** XQuAD questions, each with its own paragraph and the two that a search brings next, in any order. */
export async function xquadQuestions(
  items: readonly XquadItem[],
  embedder: Embedder,
  random: () => number,
): Promise<{ answerable: ScoredQuestion[]; unanswerable: ScoredQuestion[] }> {
  const paragraphs = [...new Map(items.map(({ paragraph, article }) => [paragraph, article]))];
  const passages = paragraphs.map(([text, article]) => ({ headings: [article.replaceAll('_', ' ')], text }));
  const search = await searchIn(passages, embedder);
  const asked = items.map(({ question, answers, paragraph }) => ({
    question,
    answers,
    right: passages.filter(({ text }) => text === paragraph),
  }));
  return questionsOn(asked, search, random);
}

/** Questions of the handbook whose answer stands in one of its passages, cut as the app cuts them. */
export async function handbookQuestions(
  embedder: Embedder,
  random: () => number,
): Promise<{ answerable: ScoredQuestion[]; unanswerable: ScoredQuestion[] }> {
  const file = '../shared/data/handbook/questions.jsonl';
  if (!existsSync(file)) throw new Error(`${file} is missing: put the handbook's questions there.`);
  const passages = await handbookPassages();
  const search = await searchIn(passages, embedder);
  const rows = readFileSync(file, 'utf8').trim().split('\n');
  const asked = rows
    .map((row) => JSON.parse(row) as { question: string; answer: string; quotes: string[]; kind: string })
    // What refers to an earlier question, or to a picture, cannot be answered from passages.
    .filter(({ kind }) => kind !== 'Contextual Anaphora' && kind !== 'Multimodal')
    .map(({ question, answer, quotes }) => ({
      question,
      answers: [answer],
      right: passages.filter(
        ({ text }) => holds(text, answer) && quotes.some((quote) => holds(text, quote) || holds(quote, text)),
      ),
    }));
  return questionsOn(
    asked.filter(({ right }) => right.length > 0),
    search,
    random,
  );
}

/** For each question the nearest passages, best first. */
type Search = (questions: string[]) => Promise<RecipePassage[][]>;

async function questionsOn(
  asked: { question: string; answers: string[]; right: RecipePassage[] }[],
  search: Search,
  random: () => number,
): Promise<{ answerable: ScoredQuestion[]; unanswerable: ScoredQuestion[] }> {
  const found = await search(asked.map(({ question }) => question));
  const answerable: ScoredQuestion[] = [];
  const unanswerable: ScoredQuestion[] = [];
  asked.forEach(({ question, answers, right }, i) => {
    const wrong = found[i]!.filter(({ text }) => !answers.some((answer) => holds(text, answer))).slice(0, 3);
    const gold = found[i]!.find(({ text }) => right.some((passage) => passage.text === text)) ?? right[0]!;
    const passages = shuffled([gold, ...wrong.slice(0, 2)], random);
    answerable.push({ question, answers, passages, right: passages.indexOf(gold) + 1 });
    unanswerable.push({ question, answers, passages: wrong });
  });
  return { answerable, unanswerable };
}

async function searchIn(passages: readonly RecipePassage[], embedder: Embedder): Promise<Search> {
  const width = embedder.dimensions;
  const texts = passages.map(({ headings, text }) => passageText({ headings: [...headings], text }));
  const rows = await embedder.embed(texts, 'passage');
  return async (questions) => {
    const queries = await embedder.embed(questions, 'query');
    return questions.map((_, q) => {
      const score = (p: number) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += queries[q * width + d]! * rows[p * width + d]!;
        return sum;
      };
      const scores = passages.map((_, p) => score(p));
      const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!);
      return order.slice(0, NEAREST).map((index) => passages[index]!);
    });
  };
}

function holds(text: string, part: string): boolean {
  const plain = (value: string) =>
    ` ${value
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()} `;
  return plain(text).includes(plain(part));
}
