import { readArchive, type ArchiveEntry } from '../archive/zip.ts';
import { documentProblem } from '../problems.ts';
import { addDomBlocks } from './dom-blocks.ts';
import { parsePage, parseXml, type DomElement } from './dom.ts';
import { DocumentBuilder, type ParseOptions, type ParsedDocument } from './parsed-document.ts';

/** Fonts may be obfuscated without the book being protected (EPUB 3.3, section 4.3). */
const fontObfuscation = new Set(['http://www.idpf.org/2008/embedding', 'http://ns.adobe.com/pdf/enc#RC']);

/**
 * EPUB books: the chapters in the order of the spine (EPUB 3.3, section 5.7).
 *
 * @throws AttuneError `document/corrupt`, `document/encrypted` (DRM), `archive/bomb`.
 */
export async function parseEpub(blob: Blob, { name, signal, onShare }: ParseOptions): Promise<ParsedDocument> {
  const entries = new Map<string, ArchiveEntry>();
  for await (const entry of readArchive(blob, name)) entries.set(entry.path, entry);
  const read = async (path: string) => {
    const entry = entries.get(path);
    if (!entry) throw documentProblem.corrupt(name, `its part “${path}” is missing`);
    return entry.text(signal);
  };
  if (entries.has('META-INF/encryption.xml') && isProtected(await read('META-INF/encryption.xml'))) {
    throw documentProblem.encrypted(name);
  }
  const packagePath = parseXml(await read('META-INF/container.xml'))
    .querySelector('rootfile')
    ?.getAttribute('full-path');
  if (!packagePath) throw documentProblem.corrupt(name, 'its container names no book');
  const book = parseXml(await read(packagePath));
  const chapters = spine(book, packagePath);
  const builder = new DocumentBuilder();
  for (const [index, path] of chapters.entries()) {
    signal?.throwIfAborted();
    addDomBlocks(builder, parsePage(closeEmptyElements(await read(path))).body);
    onShare?.((index + 1) / chapters.length);
  }
  const title = [...book.getElementsByTagName('dc:title')][0]?.textContent?.trim();
  return { ...builder.build(), ...(title && { title }), titleIsContext: true };
}

function spine(book: DomElement, packagePath: string): string[] {
  const folder = packagePath.split('/').slice(0, -1);
  const hrefs = new Map<string, string>();
  for (const item of book.querySelectorAll('manifest > item')) {
    if (/html/.test(item.getAttribute('media-type') ?? '')) {
      hrefs.set(item.getAttribute('id') ?? '', item.getAttribute('href') ?? '');
    }
  }
  const references = [...book.querySelectorAll('spine > itemref')];
  return references
    .map((reference) => hrefs.get(reference.getAttribute('idref') ?? ''))
    .filter((href) => href !== undefined)
    .map((href) => resolve(folder, decodeURIComponent(href)));
}

/** Resolves a relative reference against the folder of the package file. */
function resolve(folder: string[], href: string): string {
  const parts = [...folder];
  for (const part of href.split('#')[0]!.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function isProtected(encryption: string): boolean {
  const methods = [...encryption.matchAll(/EncryptionMethod\s[^>]*Algorithm="([^"]+)"/g)].map((match) => match[1]!);
  return methods.some((method) => !fontObfuscation.has(method));
}

/** XHTML may write `<a id="x"/>`, which an HTML parser takes for an element that is never closed. */
function closeEmptyElements(xhtml: string): string {
  return xhtml.replace(
    /<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)([\w:-]+)((?:\s[^<>]*)?)\/>/gi,
    '<$1$2></$1>',
  );
}
