import { Marked, type MarkedExtension } from 'marked';
import { citationExtension } from './citation-extension.ts';
import { sanitize } from './sanitize.ts';
import { applyMarks, insertMarks, withoutMarks, type SentenceMark } from './sentence-marks.ts';

/** What belongs to an answer besides its text. */
export interface AnswerRendering {
  /** Numbers that may be cited; others stay plain text. */
  passages: readonly number[];
  /** Sentences to be marked, in the order of the text, with offsets into it; absent while it streams. */
  sentences?: readonly SentenceMark[];
}

const HTML_AS_TEXT: MarkedExtension = {
  renderer: { html: ({ text }) => escapeHtml(text) },
  // "[1]: text" at a line's start is a citation list in an answer, not a link definition that vanishes.
  tokenizer: { def: () => undefined },
};

/**
 * Renders an answer of a model.
 *
 * @returns safe HTML. Citations are `<button class="citation" data-passage="n">`, sentences
 *   `<span class="sentence" data-support="cited|matched|none" data-sentence="i">`; HTML in the answer is shown as text.
 */
export function renderAnswer(markdown: string, { passages, sentences = [] }: AnswerRendering): string {
  const marked = new Marked({ gfm: true, async: false }, HTML_AS_TEXT, citationExtension(new Set(passages)));
  // Lengths stay the same, so the offsets of the sentences hold.
  const clean = markdown.replace(/[\uE000-\uF8FF]/g, '\uFFFD');
  const fragment = sanitize(marked.parse(insertMarks(clean, sentences)) as string);
  applyMarks(fragment, sentences);
  return serialize(fragment);
}

const documents = new Marked({ gfm: true, async: false });

/** Renders Markdown (or HTML within it) of a document. @returns safe HTML; images are replaced by nothing. */
export function renderDocument(markdown: string): string {
  const fragment = sanitize(documents.parse(withoutMarks(markdown)) as string);
  // Buttons come from nowhere but answers.
  for (const button of fragment.querySelectorAll('button')) button.replaceWith(...button.childNodes);
  return serialize(fragment);
}

function serialize(fragment: DocumentFragment): string {
  const holder = document.createElement('div');
  holder.append(fragment);
  return holder.innerHTML;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
