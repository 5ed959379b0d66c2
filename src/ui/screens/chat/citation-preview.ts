import type { Attachment } from 'svelte/attachments';
import type { PassageSnapshot } from '../../../storage/schema.ts';

let card: HTMLElement | undefined;

/**
 * Shows a passage while its citation is hovered or focused. The citations are rendered Markdown, so one card listens
 * for all of them instead of a component wrapping each.
 */
export function citationPreview(passages: () => readonly PassageSnapshot[]): Attachment<HTMLElement> {
  return (root) => {
    const show = (event: Event) => {
      const button = (event.target as HTMLElement).closest<HTMLElement>('.citation');
      const passage = passages().find(({ number }) => String(number) === button?.dataset.passage);
      if (button && passage) showCard(button, passage);
    };
    const hide = (event: Event) => {
      if ((event.target as HTMLElement).closest('.citation')) hideCard();
    };
    const escape = (event: KeyboardEvent) => event.key === 'Escape' && hideCard();
    root.addEventListener('pointerover', show);
    root.addEventListener('pointerout', hide);
    root.addEventListener('focusin', show);
    root.addEventListener('focusout', hide);
    root.addEventListener('keydown', escape);
    return () => {
      hideCard();
      root.removeEventListener('pointerover', show);
      root.removeEventListener('pointerout', hide);
      root.removeEventListener('focusin', show);
      root.removeEventListener('focusout', hide);
      root.removeEventListener('keydown', escape);
    };
  };
}

function showCard(button: HTMLElement, passage: PassageSnapshot): void {
  hideCard();
  card = document.createElement('div');
  card.className = 'citation-card';
  card.id = 'citation-card';
  card.setAttribute('role', 'tooltip');
  card.popover = 'manual';
  const page = passage.page ? [`page ${passage.page}`] : [];
  card.append(
    line('citation-card-name', passage.documentName),
    line('citation-card-place', [...passage.headings, ...page].join(' › ')),
    line('citation-card-text', passage.text),
  );
  document.body.append(card);
  button.setAttribute('aria-describedby', card.id);
  card.showPopover();
  place(card, button.getBoundingClientRect());
}

/** Above the citation where there is room, else below; never beyond the edges. */
function place(element: HTMLElement, anchor: DOMRect): void {
  const gap = 6;
  const { width, height } = element.getBoundingClientRect();
  const left = Math.min(Math.max(8, anchor.left + anchor.width / 2 - width / 2), innerWidth - width - 8);
  const above = anchor.top - height - gap;
  element.style.left = `${left}px`;
  element.style.top = `${above > 8 ? above : anchor.bottom + gap}px`;
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement('p');
  element.className = className;
  element.textContent = text;
  return element;
}

function hideCard(): void {
  if (!card) return;
  document.querySelector(`[aria-describedby="${card.id}"]`)?.removeAttribute('aria-describedby');
  card.remove();
  card = undefined;
}
