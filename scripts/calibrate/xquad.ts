import { existsSync, readFileSync } from 'node:fs';

/** A paragraph of an article with its questions; `answers[i]` is a stretch of `text` that answers `questions[i]`. */
export interface Paragraph {
  article: string;
  text: string;
  questions: string[];
  answers: string[];
}

const FILE = '../shared/data/xquad-en/xquad.en.json';

interface XquadFile {
  data: {
    title: string;
    paragraphs: { context: string; qas: { question: string; answers: { text: string }[] }[] }[];
  }[];
}

/**
 * XQuAD's English paragraphs, split by article: thresholds are fitted on the first half and reported on the second.
 *
 * @throws Error when the data set does not lie beside the repository.
 */
export function loadXquad(): { train: Paragraph[]; test: Paragraph[] } {
  if (!existsSync(FILE)) throw new Error(`${FILE} is missing: put XQuAD's English file there.`);
  const { data } = JSON.parse(readFileSync(FILE, 'utf8')) as XquadFile;
  const paragraphs = (articles: XquadFile['data']) =>
    articles.flatMap(({ title, paragraphs }) =>
      paragraphs.map(({ context, qas }) => ({
        article: title,
        text: context,
        questions: qas.map(({ question }) => question),
        answers: qas.map(({ answers }) => answers[0]!.text),
      })),
    );
  const half = data.length >> 1;
  return { train: paragraphs(data.slice(0, half)), test: paragraphs(data.slice(half)) };
}
