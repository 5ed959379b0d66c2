/** The keys of the review, for the handler, the buttons and the list of shortcuts. */
export const reviewKeys = [
  { key: 'j', shown: ['J', '↓'], what: 'Next question' },
  { key: 'k', shown: ['K', '↑'], what: 'Previous question' },
  { key: 'a', shown: ['A'], what: 'Accept, and go on' },
  { key: 'x', shown: ['X'], what: 'Reject, and go on' },
  { key: 'e', shown: ['E'], what: 'Edit; saving accepts' },
  { key: 'u', shown: ['U'], what: 'Undo what was done last' },
  { key: 'm', shown: ['M'], what: 'Use the selected words as evidence' },
  { key: 'n', shown: ['N'], what: 'Ask a new question about the selected words' },
  { key: '/', shown: ['/'], what: 'Find in questions and answers' },
  { key: '?', shown: ['?'], what: 'This list' },
] as const;

export type ReviewKey = (typeof reviewKeys)[number]['key'];

/** Arrows do what J and K do. */
const synonyms: Record<string, ReviewKey> = { ArrowDown: 'j', ArrowUp: 'k' };

/**
 * What a key means in the review; undefined where it means something else: while somebody types, with a modifier, in a
 * dialog or a menu.
 */
export function reviewKeyOf(event: KeyboardEvent): ReviewKey | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return undefined;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, textarea, select, dialog, [role="dialog"], [role="menu"], [contenteditable]')) {
    return undefined;
  }
  const key = synonyms[event.key] ?? event.key.toLowerCase();
  return reviewKeys.find((known) => known.key === key)?.key;
}
