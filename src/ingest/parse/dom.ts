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
  prepend(child: DomElement): void;
  remove(): void;
}

export interface DomDocument extends DomElement {
  readonly body: DomElement;
}

export const isElement = (node: DomNode): node is DomElement => node.nodeType === 1;
export const isText = (node: DomNode): boolean => node.nodeType === 3;

/** Parses a page or a fragment; there is always a body. */
export function parsePage(html: string): DomDocument {
  // linkedom makes no body of its own when a fragment has none.
  const page = /<body[\s>]/i.test(html) ? html : `<!doctype html><html><head></head><body>${html}</body></html>`;
  return (parseHTML(page) as unknown as { document: DomDocument }).document;
}

export function parseXml(source: string): DomElement {
  return new DOMParser().parseFromString(source, 'text/xml') as unknown as DomElement;
}
