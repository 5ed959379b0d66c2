import { renderAnswer } from '../../../markdown/render.ts';
import type { MessageRow, PassageSnapshot } from '../../../storage/schema.ts';

/** Puts an answer into `root`: Markdown made safe, citations as buttons, sentences marked by their support. */
export function putAnswer(root: HTMLElement, message: Pick<MessageRow, 'text' | 'support' | 'passages'>): void {
  const support = message.support ?? [];
  // The renderer sanitises: nothing in this HTML runs or requests anything.
  root.innerHTML = renderAnswer(message.text, {
    passages: (message.passages ?? []).map((passage) => passage.number),
    sentences: support.map(({ start, end, basis }) => ({ start, end, label: basis })),
  });
  closeUp(root);
  support.forEach(({ basis }, index) => {
    if (basis === 'none') sayUnsupported(root.querySelectorAll<HTMLElement>(`[data-sentence="${index}"]`));
  });
}

/** "paged [1]." reads as "paged¹.": the number stands close to its word. */
function closeUp(root: HTMLElement): void {
  for (const button of root.querySelectorAll('.citation')) {
    const before = button.previousSibling;
    const text = before instanceof Text ? before : before?.lastChild;
    if (text instanceof Text) text.data = text.data.trimEnd();
  }
}

/** An underline is seen, a title is hovered, and hidden words are heard. */
function sayUnsupported(parts: NodeListOf<HTMLElement>): void {
  for (const part of parts) part.title = 'No passage supports this sentence. Check it before you rely on it.';
  const words = document.createElement('span');
  words.className = 'visually-hidden';
  words.textContent = ' (no passage supports this sentence)';
  parts[parts.length - 1]?.append(words);
}

/** The part of an answer that is still being written: no support is known yet. */
export function putStreaming(root: HTMLElement, text: string, passages: readonly PassageSnapshot[]): void {
  root.innerHTML = renderAnswer(text, { passages: passages.map((passage) => passage.number) });
  closeUp(root);
}
