import { isElement, isText, type DomElement } from './dom.ts';
import { tableText } from './table-text.ts';
import type { DocumentBuilder } from './parsed-document.ts';

const skipped = new Set(
  'SCRIPT STYLE NOSCRIPT TEMPLATE SVG IFRAME OBJECT CANVAS VIDEO AUDIO BUTTON INPUT SELECT TEXTAREA HEAD LINK META'.split(
    ' ',
  ),
);
const containers = new Set(
  (
    'ADDRESS ARTICLE ASIDE BODY CENTER DETAILS DIV DL DT DD FIELDSET FIGCAPTION FIGURE FOOTER FORM HEADER HGROUP HR HTML ' +
    'LEGEND LI MAIN NAV P SECTION SUMMARY TBODY TD TFOOT TH THEAD TR'
  ).split(' '),
);
const special = new Set('H1 H2 H3 H4 H5 H6 UL OL TABLE PRE BLOCKQUOTE'.split(' '));

const isBlock = (tag: string) => containers.has(tag) || special.has(tag);

/**
 * Walks a DOM subtree and appends its blocks: headings with their level, paragraphs, lists (an item per line), tables,
 * code and quotes. Serves HTML pages, EPUB chapters and what mammoth makes of DOCX.
 */
export function addDomBlocks(builder: DocumentBuilder, root: DomElement): void {
  walk(root);

  function walk(element: DomElement, inQuote = false): void {
    let inline = '';
    const flush = () => {
      builder.add(inQuote ? 'quote' : 'paragraph', tidyInline(inline));
      inline = '';
    };
    for (const child of element.childNodes) {
      if (isText(child)) inline += collapse(child.textContent ?? '');
      if (!isElement(child)) continue;
      const tag = tagOf(child);
      if (skipped.has(tag) || isHidden(child)) continue;
      if (!isBlock(tag) && !hasBlockInside(child)) {
        inline += tag === 'BR' ? '\n' : inlineText(child);
        continue;
      }
      flush();
      if (special.has(tag)) addSpecial(child, tag);
      else walk(child, inQuote);
    }
    flush();
  }

  function addSpecial(element: DomElement, tag: string): void {
    if (/^H[1-6]$/.test(tag)) builder.add('heading', oneLine(inlineText(element)), { level: headingLevel(element) });
    else if (tag === 'PRE') builder.add('code', preText(element));
    else if (tag === 'BLOCKQUOTE') walk(element, true);
    else if (tag === 'TABLE') addTable(element);
    else builder.add('list', listLines(element, 0).join('\n'));
  }

  function addTable(table: DomElement): void {
    const rows = [...table.querySelectorAll('tr')].filter((row) => row.closest('table') === table);
    const cells = rows.map((row) => [...row.children].filter((cell) => /^T[DH]$/.test(tagOf(cell))));
    // A table inside a table, or a single column, is page layout and no data.
    const isLayout = table.querySelector('table') !== null || cells.every((row) => row.length <= 1);
    if (isLayout) return cells.flat().forEach((cell) => walk(cell));
    const caption = table.querySelector('caption');
    if (caption) builder.add('paragraph', oneLine(inlineText(caption)));
    builder.add('table', tableText(cells.map((row) => row.map((cell) => oneLine(inlineText(cell))))));
  }
}

/** The lines of a list; inner lists are indented by two blanks per level. */
function listLines(list: DomElement, depth: number): string[] {
  const lines: string[] = [];
  let number = Number(list.getAttribute('start') ?? 1);
  for (const item of list.children) {
    const tag = tagOf(item);
    if (tag === 'UL' || tag === 'OL') lines.push(...listLines(item, depth + 1));
    if (tag !== 'LI') continue;
    const mark = tagOf(list) === 'OL' ? `${number++}.` : '-';
    const own = oneLine(inlineText(item, (child) => tagOf(child) === 'UL' || tagOf(child) === 'OL'));
    if (own) lines.push(`${'  '.repeat(depth)}${mark} ${own}`);
    for (const inner of innerLists(item)) lines.push(...listLines(inner, depth + 1));
  }
  return lines;
}

/** Lists of an item, also those wrapped in a div, but not the lists within them. */
function innerLists(item: DomElement): DomElement[] {
  return [...item.querySelectorAll('ul, ol')].filter((list) => list.parentElement?.closest('li') === item);
}

/** Text of an element with white space collapsed; block elements inside are set apart by a blank, `br` by a line break. */
function inlineText(element: DomElement, leaveOut: (child: DomElement) => boolean = () => false): string {
  let text = '';
  for (const child of element.childNodes) {
    if (isText(child)) text += collapse(child.textContent ?? '');
    if (!isElement(child)) continue;
    const tag = tagOf(child);
    if (skipped.has(tag) || leaveOut(child) || isHidden(child)) continue;
    if (tag === 'BR') text += '\n';
    else if (isBlock(tag)) text += ` ${inlineText(child, leaveOut)} `;
    else text += inlineText(child, leaveOut);
  }
  return text;
}

function preText(element: DomElement): string {
  let text = '';
  for (const child of element.childNodes) {
    if (isText(child)) text += child.textContent ?? '';
    else if (isElement(child)) text += tagOf(child) === 'BR' ? '\n' : preText(child);
  }
  return text;
}

function hasBlockInside(element: DomElement): boolean {
  for (const child of element.children) if (isBlock(tagOf(child)) || hasBlockInside(child)) return true;
  return false;
}

function isHidden(element: DomElement): boolean {
  return element.hasAttribute('hidden') || element.getAttribute('aria-hidden') === 'true';
}

/** Where Readability keeps the level of a heading: it makes h2 of every h1. */
export const levelAttribute = 'data-level';

function headingLevel(element: DomElement): number {
  return Number(element.getAttribute(levelAttribute) ?? tagOf(element)[1]);
}

const tagOf = (element: DomElement) => element.tagName.toUpperCase();
const collapse = (text: string) => text.replace(/[ \t\n\r\f]+/g, ' ');
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
const tidyInline = (text: string) =>
  text
    .replace(/ *\n */g, '\n')
    .replace(/ {2,}/g, ' ')
    .trim();
