import { DOMParser, parseHTML } from 'linkedom';

/**
 * The part of the DOM that parsers use. Workers have neither a DOM nor its types; linkedom brings the first and this
 * file the second.
 */
export interface DomNode {
  readonly nodeType: number;
  textContent: string | null;
}

export interface DomElement extends DomNode {
  readonly tagName: string;
  readonly childNodes: Iterable<DomNode>;
  readonly children: Iterable<DomElement>;
  readonly parentElement: DomElement | null;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  querySelector(selector: string): DomElement | null;
  querySelectorAll(selector: string): Iterable<DomElement>;
  getElementsByTagName(tag: string): Iterable<DomElement>;
  closest(selector: string): DomElement | null;
  setAttribute(name: string, value: string): void;
  append(child: DomElement): void;
  prepend(child: DomElement): void;
  remove(): void;
}

export interface DomDocument extends DomElement {
  readonly head: DomElement;
  readonly body: DomElement;
}

export const isElement = (node: DomNode): node is DomElement => node.nodeType === 1;
export const isText = (node: DomNode): boolean => node.nodeType === 3;

/**
 * Parses a page or a fragment. linkedom takes what follows the head for the body, so both are put where they belong
 * first; fragments, pages without a head and stray elements are common.
 */
export function parsePage(html: string): DomDocument {
  const hasBody = /<body[\s>]/i.test(html);
  const page =
    hasBody && /<html[\s>]/i.test(html) ? html : `<html><head></head>${hasBody ? html : `<body>${html}</body>`}</html>`;
  const document = (parseHTML(page) as unknown as { document: DomDocument }).document;
  const body = document.querySelector('body');
  const root = body?.parentElement;
  if (body && root) {
    const head = document.head;
    for (const child of [...root.children]) if (child !== head && child !== body) head.append(child);
  }
  return document;
}

export function parseXml(source: string): DomElement {
  return new DOMParser().parseFromString(source, 'text/xml') as unknown as DomElement;
}
