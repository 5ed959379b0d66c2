/** A sentence to be marked in rendered Markdown; offsets into the Markdown source. */
export interface SentenceMark {
  start: number;
  end: number;
  /** Becomes `data-support` of the span, e.g. `none`. */
  label: string;
}

// Private-use characters: they pass through Markdown as plain text and occur in no real document. The opening one is
// followed by the sentence's index in the private range above it.
const OPEN = '\uE000';
const CLOSE = '\uE001';
const FIRST_INDEX = 0xe100;
const ANY_MARK = /\uE000[\uE100-\uF8FF]?|\uE001/g;
// A mark in front of "- " or "## " would turn the list item or heading into a paragraph.
const BLOCK_PREFIX = /^(?:\s*(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)\s+)*(?:\[[ xX]\]\s+)?/;

/** The Markdown with invisible marks around its sentences; sentences that are tables or code are left out. */
export function insertMarks(markdown: string, sentences: readonly SentenceMark[]): string {
  let result = '';
  let position = 0;
  sentences.forEach((sentence, index) => {
    const source = markdown.slice(sentence.start, sentence.end);
    if (/^\s*\||```/.test(source)) return;
    const prefix = BLOCK_PREFIX.exec(source)?.[0].length ?? 0;
    result += markdown.slice(position, sentence.start + prefix);
    result +=
      OPEN + String.fromCharCode(FIRST_INDEX + index) + markdown.slice(sentence.start + prefix, sentence.end) + CLOSE;
    position = sentence.end;
  });
  return result + markdown.slice(position);
}

/** Turns the marks in rendered text into `<span class="sentence" data-support data-sentence>` and removes them all. */
export function applyMarks(root: DocumentFragment, sentences: readonly SentenceMark[]): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  let open: number | undefined;
  for (const text of texts) {
    const pieces: Node[] = [];
    for (const part of text.data.split(/(\uE000[\uE100-\uF8FF]|\uE001)/)) {
      if (part === CLOSE) open = undefined;
      else if (part.startsWith(OPEN)) open = part.charCodeAt(1) - FIRST_INDEX;
      else if (part !== '') pieces.push(sentenceSpan(part, open, sentences));
    }
    text.replaceWith(...pieces);
  }
  for (const element of root.querySelectorAll('*')) {
    for (const attribute of element.attributes) attribute.value = attribute.value.replace(ANY_MARK, '');
  }
}

/** Text without marks: whoever writes them into a document must not steer the rendering. */
export function withoutMarks(text: string): string {
  return text.replace(ANY_MARK, '');
}

function sentenceSpan(text: string, index: number | undefined, sentences: readonly SentenceMark[]): Node {
  const sentence = index === undefined ? undefined : sentences[index];
  if (!sentence || text.trim() === '') return document.createTextNode(text);
  const span = document.createElement('span');
  span.className = 'sentence';
  span.dataset.support = sentence.label;
  span.dataset.sentence = String(index);
  span.textContent = text;
  return span;
}
