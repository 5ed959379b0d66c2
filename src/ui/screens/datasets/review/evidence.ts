/** A stretch of a passage; `marked` where the evidence lies. */
export interface PassagePiece {
  text: string;
  marked: boolean;
}

/** Cuts a passage at its evidence. Offsets that lie outside of the text (it was edited since) mark nothing. */
export function piecesAround(text: string, evidence: { start: number; end: number } | undefined): PassagePiece[] {
  if (!evidence || evidence.start < 0 || evidence.end > text.length || evidence.start >= evidence.end) {
    return text === '' ? [] : [{ text, marked: false }];
  }
  return [
    { text: text.slice(0, evidence.start), marked: false },
    { text: text.slice(evidence.start, evidence.end), marked: true },
    { text: text.slice(evidence.end), marked: false },
  ].filter((piece) => piece.text !== '');
}

/**
 * Where a selection within an element lies, as offsets into the element's text.
 *
 * @returns null when nothing of the element is selected
 */
export function selectedRange(
  element: HTMLElement,
  selection: Selection | null,
): { start: number; end: number } | null {
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!element.contains(range.startContainer) || !element.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(element);
  before.setEnd(range.startContainer, range.startOffset);
  const text = range.toString();
  // A word that is picked by a double click brings the blank after it along.
  const start = before.toString().length + (text.length - text.trimStart().length);
  const end = start + text.trim().length;
  return end > start ? { start, end } : null;
}
