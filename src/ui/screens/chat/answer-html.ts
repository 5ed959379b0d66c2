import { renderAnswer } from '../../../markdown/render.ts';
import type { MessageRow, PassageSnapshot } from '../../../storage/schema.ts';

/**
 * Puts an answer into `root`: Markdown made safe, citations as buttons, sentences marked by their support. Sentences
 * that a passage was matched to without the model citing it get that passage's number too.
 */
export function putAnswer(root: HTMLElement, message: Pick<MessageRow, 'text' | 'support' | 'passages'>): void {
  const support = message.support ?? [];
  // The renderer sanitises: nothing in this HTML runs or requests anything.
  root.innerHTML = renderAnswer(message.text, {
    passages: (message.passages ?? []).map((passage) => passage.number),
    sentences: support.map(({ start, end, basis }) => ({ start, end, label: basis })),
  });
  closeUp(root);
  support.forEach((sentence, index) => {
    const spans = root.querySelectorAll<HTMLElement>(`[data-sentence="${index}"]`);
    const last = spans[spans.length - 1];
    if (!last) return;
    if (sentence.basis === 'matched')
      last.after(...sentence.passages.filter((number) => !cited(last, number)).map(citation));
    if (sentence.basis === 'none') {
      last.tabIndex = 0;
      last.setAttribute('aria-description', UNSUPPORTED);
      last.title = UNSUPPORTED;
    }
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

/** What a marked sentence says about itself. */
export const UNSUPPORTED = 'No passage supports this sentence. Check it before you rely on it.';

/** The part of an answer that is still being written: no support is known yet. */
export function putStreaming(root: HTMLElement, text: string, passages: readonly PassageSnapshot[]): void {
  root.innerHTML = renderAnswer(text, { passages: passages.map((passage) => passage.number) });
  closeUp(root);
}

function citation(number: number): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'citation';
  button.dataset.passage = String(number);
  button.setAttribute('aria-label', `Source ${number}`);
  button.textContent = String(number);
  return button;
}

function cited(sentence: HTMLElement, number: number): boolean {
  const next = sentence.nextElementSibling;
  return next instanceof HTMLElement && next.dataset.passage === String(number);
}
