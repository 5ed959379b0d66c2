import { Readability } from '@mozilla/readability';
import { decodeText } from './decode-text.ts';
import { addDomBlocks, levelAttribute } from './dom-blocks.ts';
import { parsePage, type DomDocument, type DomElement } from './dom.ts';
import { DocumentBuilder, type ParsedDocument } from './parsed-document.ts';

/** Readability scores every node several times; above this size the page is taken as a whole. */
const readabilityLimit = 2_000_000;

/** Readability is believed when it keeps at least this share of the text; else it took a part for the whole. */
const leastShareKept = 0.5;

/** An HTML page: the article without navigation and advertising where one is found, else the whole body. */
export function parseHtml(bytes: Uint8Array): ParsedDocument {
  const html = decodeText(bytes, declaredEncoding(bytes));
  const document = parsePage(html);
  const title = document.querySelector('title')?.textContent?.replace(/\s+/g, ' ').trim();
  const builder = new DocumentBuilder();
  addDomBlocks(builder, articleOf(html, document));
  return { ...builder.build(), ...(title && { title }), titleIsContext: true };
}

/** HTML that another parser made (DOCX): everything in it counts. */
export function addHtmlBlocks(builder: DocumentBuilder, html: string): void {
  addDomBlocks(builder, parsePage(html).body);
}

function articleOf(html: string, document: DomDocument): DomElement {
  for (const element of document.querySelectorAll('nav, [role="navigation"], [role="banner"], [role="contentinfo"]')) {
    element.remove();
  }
  const body = document.body;
  if (html.length > readabilityLimit) return body;
  const copy = parsePage(html);
  // Readability rewrites the document that it is given, hence the copy.
  const content = readable(copy);
  if (!content) return body;
  const kept = textLength(content) / Math.max(1, textLength(body));
  if (kept < leastShareKept) return body;
  return withHeading(content, body);
}

function readable(copy: DomDocument): DomElement | undefined {
  for (const heading of copy.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    heading.setAttribute(levelAttribute, heading.tagName[1]!);
  }
  const Reader = Readability as unknown as new (
    document: DomDocument,
    options: object,
  ) => {
    parse(): { content: DomElement } | null;
  };
  return new Reader(copy, { serializer: (element: DomElement) => element }).parse()?.content;
}

/** Readability drops the page's own h1 when it repeats the title; it is the head of every heading path and comes back. */
function withHeading(content: DomElement, body: DomElement): DomElement {
  const heading = body.querySelector('h1');
  if (heading && !content.querySelector(`[${levelAttribute}="1"]`)) content.prepend(heading);
  return content;
}

function textLength(element: DomElement): number {
  for (const noise of element.querySelectorAll('script, style, noscript, template')) noise.remove();
  return (element.textContent ?? '').replace(/\s+/g, '').length;
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, 2048));
  const name = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1];
  if (!name) return undefined;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}
