import { expect, test } from 'vitest';
import { renderAnswer, renderDocument } from '../../../src/markdown/render.ts';

function dom(html: string): HTMLElement {
  const root = document.createElement('div');
  root.innerHTML = html;
  return root;
}

test('citations of known passages become buttons with their number', () => {
  const root = dom(renderAnswer('Slack is for chat [2]. Mail is formal [1, 3].', { passages: [1, 2, 3] }));
  const buttons = [...root.querySelectorAll('button.citation')];
  expect(buttons.map((button) => button.getAttribute('data-passage'))).toEqual(['2', '1', '3']);
  expect(buttons[0]!.getAttribute('aria-label')).toBe('Source 2');
});

test('two citations in a row are two buttons', () => {
  const root = dom(renderAnswer('Slack is for chat [1][3].', { passages: [1, 3] }));
  expect([...root.querySelectorAll('button.citation')].map((button) => button.textContent)).toEqual(['1', '3']);
  expect(root.textContent).not.toContain('[');
});

test('numbers in brackets that are no passage stay text', () => {
  const root = dom(renderAnswer('See [7] and `a[1]` and [1](https://example.org).', { passages: [1] }));
  expect(root.querySelectorAll('button')).toHaveLength(0);
  expect(root.textContent).toContain('[7]');
  expect(root.querySelector('a')!.getAttribute('rel')).toContain('noopener');
});

test('a list of sources at the end of an answer is shown, not swallowed as link definitions', () => {
  const root = dom(renderAnswer('Yes.\n\n[1]: handbook', { passages: [1] }));
  expect(root.textContent).toContain('handbook');
});

test('each sentence carries its support, across bold text and list items', () => {
  const text = 'Use **public channels. They** scale.\n\n- First point.\n- Second point.';
  const sentences = ['Use **public channels.', ' They** scale.', '- First point.', '- Second point.'].map(
    (piece, index) => {
      const start = text.indexOf(piece.trim());
      return { start, end: start + piece.trim().length, label: index % 2 ? 'none' : 'matched' };
    },
  );
  const root = dom(renderAnswer(text, { passages: [], sentences }));
  expect(root.querySelectorAll('li')).toHaveLength(2);
  const texts = (label: string) =>
    [...root.querySelectorAll(`[data-support="${label}"]`)].map((span) => span.textContent).join('|');
  expect(texts('none')).toContain('Second point.');
  expect(texts('matched')).toContain('First point.');
  expect(root.querySelector('strong')!.textContent).toBe('public channels. They');
  expect(root.textContent).not.toMatch(/[\uE000-\uF8FF]/);
});

test('HTML in an answer is shown as text, simple HTML in a document is rendered', () => {
  expect(dom(renderAnswer('a <b>bold</b> word', { passages: [] })).textContent).toContain('<b>bold</b>');
  expect(dom(renderDocument('a <b>bold</b> word<br>next')).querySelector('b')!.textContent).toBe('bold');
});

test('a document keeps its tables, code and outside links', () => {
  const root = dom(
    renderDocument('| a | b |\n|---|:-:|\n| 1 | 2 |\n\n```ts\nlet x = 1;\n```\n\n[out](https://example.org)'),
  );
  expect(root.querySelectorAll('td')).toHaveLength(2);
  expect(root.querySelector('code')!.className).toBe('language-ts');
  expect(root.querySelector('a')!.getAttribute('href')).toBe('https://example.org');
});
