import type { DocumentFormat } from '../../storage/schema.ts';
import { maxTextLength } from '../limits.ts';
import { documentProblem } from '../problems.ts';
import type { ParsedDocument, ParseOptions } from './parsed-document.ts';

type Parser = (blob: Blob, options: ParseOptions) => Promise<ParsedDocument>;

const ofBytes =
  (parse: (bytes: Uint8Array, name: string) => ParsedDocument): Parser =>
  async (blob, { name }) =>
    parse(new Uint8Array(await blob.arrayBuffer()), name);

/** Loaded with the first file of their kind: pdf.js alone is larger than everything else together. */
const parsers: Record<DocumentFormat, () => Promise<Parser>> = {
  text: async () => ofBytes((await import('./text.ts')).parseText),
  code: async () => ofBytes((await import('./text.ts')).parseCode),
  markdown: async () => ofBytes((await import('./markdown.ts')).parseMarkdown),
  html: async () => ofBytes((await import('./html.ts')).parseHtml),
  csv: async () => ofBytes((await import('./csv.ts')).parseCsv),
  json: async () => ofBytes((await import('./json.ts')).parseJson),
  jsonl: async () => ofBytes((await import('./json.ts')).parseJsonLines),
  docx: async () => (await import('./docx.ts')).parseDocx,
  epub: async () => (await import('./epub.ts')).parseEpub,
  pdf: async () => (await import('./pdf/pdf.ts')).parsePdf,
};

/**
 * Reads a file of a known format.
 *
 * @throws AttuneError with a `document/…` or `archive/…` code; DOMException AbortError.
 */
export async function parseDocument(
  blob: Blob,
  format: DocumentFormat,
  options: ParseOptions,
): Promise<ParsedDocument> {
  const parse = await parsers[format]();
  const parsed = await parse(blob, options);
  if (parsed.blocks.length === 0) throw documentProblem.blank(options.name);
  if (parsed.text.length > maxTextLength) {
    throw documentProblem.tooLarge(options.name, parsed.text.length / 1_000_000, maxTextLength / 1_000_000);
  }
  return parsed;
}
