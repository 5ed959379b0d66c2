import type { Embedder } from '../../../src/retrieval/contract.ts';
import type { XquadItem } from '../xquad.ts';
import { rowProduct } from '../row-product.ts';

export interface Paragraph {
  article: string;
  text: string;
  questions: { text: string; answers: string[] }[];
}

/** Paragraphs with their questions, and which of them a search by meaning would bring for a question. */
export class ParagraphLibrary {
  readonly paragraphs: readonly Paragraph[];
  #nearest: Map<string, Paragraph[]>;

  private constructor(paragraphs: readonly Paragraph[], nearest: Map<string, Paragraph[]>) {
    this.paragraphs = paragraphs;
    this.#nearest = nearest;
  }

  static async of(items: readonly XquadItem[], embedder: Embedder): Promise<ParagraphLibrary> {
    const paragraphs = groupByParagraph(items);
    const questions = items.map(({ question }) => question);
    const rows = await embedder.embed(
      paragraphs.map(({ text }) => text),
      'passage',
    );
    const queries = await embedder.embed(questions, 'query');
    const nearest = new Map(
      questions.map((question, q) => {
        const scores = paragraphs.map((_, p) => rowProduct(queries, q, rows, p, embedder.dimensions));
        const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 12);
        return [question, order.map((index) => paragraphs[index]!)];
      }),
    );
    return new ParagraphLibrary(paragraphs, nearest);
  }

  /** The paragraphs nearest to one of the library's own questions, best first. */
  nearest(question: string): readonly Paragraph[] {
    return this.#nearest.get(question)!;
  }
}

function groupByParagraph(items: readonly XquadItem[]): Paragraph[] {
  const byText = new Map<string, Paragraph>();
  for (const { article, paragraph, question, answers } of items) {
    const known = byText.get(paragraph) ?? { article: article.replaceAll('_', ' '), text: paragraph, questions: [] };
    known.questions.push({ text: question, answers });
    byText.set(paragraph, known);
  }
  return [...byText.values()];
}
