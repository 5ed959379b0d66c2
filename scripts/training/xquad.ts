import { existsSync, readFileSync } from 'node:fs';

/** A question with the paragraph that answers it and the other paragraphs of the same article. */
export interface XquadItem {
  article: string;
  question: string;
  /** Stretches of `paragraph` that annotators marked; the first is trained on, all count in scoring. */
  answers: string[];
  paragraph: string;
  others: string[];
}

const FILE = '../shared/data/xquad-en/xquad.en.json';

/** The last twelve of the 48 articles in the file's order: no threshold was calibrated on them (ADR 51, 52). */
const TEST_ARTICLES = 12;

interface XquadFile {
  data: {
    title: string;
    paragraphs: { context: string; qas: { question: string; answers: { text: string }[] }[] }[];
  }[];
}

/**
 * XQuAD's English questions, split by article: 36 to train and validate on, 12 that only a final score may read.
 *
 * @throws Error when the data set does not lie beside the repository
 */
export function xquadByArticle(): { train: XquadItem[]; test: XquadItem[] } {
  if (!existsSync(FILE)) throw new Error(`${FILE} is missing: put XQuAD's English file there.`);
  const { data } = JSON.parse(readFileSync(FILE, 'utf8')) as XquadFile;
  const items = (articles: XquadFile['data']) =>
    articles.flatMap(({ title, paragraphs }) =>
      paragraphs.flatMap(({ context, qas }, i) =>
        qas.map(({ question, answers }) => ({
          article: title,
          question,
          answers: answers.map(({ text }) => text),
          paragraph: context,
          others: paragraphs.filter((_, j) => j !== i).map((paragraph) => paragraph.context),
        })),
      ),
    );
  return { train: items(data.slice(0, -TEST_ARTICLES)), test: items(data.slice(-TEST_ARTICLES)) };
}
