import * as pdfjs from 'pdfjs-dist/legacy/build/pdf.mjs';
// @ts-expect-error pdf.js types its main build only; the module is just handed over
import * as pdfjsWorker from 'pdfjs-dist/legacy/build/pdf.worker.mjs';
import { isAbort } from '../../../errors/attune-error.ts';
import { documentProblem } from '../../problems.ts';
import type { ParseOptions, ParsedDocument } from '../parsed-document.ts';
import { toLines, toSegments, type Glyphs, type Line } from './lines.ts';
import { dropPageFurniture } from './page-furniture.ts';
import { toBlocks } from './paragraphs.ts';
import { readingOrder } from './reading-order.ts';

// pdf.js looks here before it starts a worker of its own: we are in one already.
Object.assign(globalThis, { pdfjsWorker: pdfjsWorker as unknown });

type PdfDocument = Awaited<ReturnType<typeof pdfjs.getDocument>['promise']>;

/**
 * The text layer of a PDF in reading order, without running heads and page numbers, with the page of every block.
 *
 * @throws AttuneError `document/encrypted`, `document/corrupt`, `document/no-text` (scanned).
 */
export async function parsePdf(blob: Blob, { name, signal, onShare }: ParseOptions): Promise<ParsedDocument> {
  const pdf = await open(new Uint8Array(await blob.arrayBuffer()), name);
  try {
    const pages: Line[][] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      signal?.throwIfAborted();
      pages.push(await linesOfPage(pdf, number, name));
      onShare?.(number / pdf.numPages);
    }
    const lines = dropPageFurniture(pages).flat();
    if (lines.length === 0) throw documentProblem.noText(name);
    const { builder, pageStarts } = toBlocks(lines, pdf.numPages);
    const title = await titleOf(pdf);
    return { ...builder.build(), ...(title && { title }), pageCount: pdf.numPages, pageStarts };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(data: Uint8Array, name: string): Promise<PdfDocument> {
  try {
    return await pdfjs.getDocument({
      data,
      verbosity: pdfjs.VerbosityLevel.ERRORS,
      isEvalSupported: false,
      disableFontFace: true,
      useWorkerFetch: false,
      useSystemFonts: false,
    }).promise;
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') throw documentProblem.encrypted(name);
    throw documentProblem.corrupt(name, 'its inner structure cannot be read', error);
  }
}

async function linesOfPage(pdf: PdfDocument, number: number, name: string): Promise<Line[]> {
  try {
    const page = await pdf.getPage(number);
    const { items, styles } = await page.getTextContent();
    const { transform } = page.getViewport({ scale: 1 });
    const pieces: Glyphs[] = [];
    for (const item of items) {
      if (!('str' in item) || item.str === '') continue;
      const [a, b, , , x, y] = pdfjs.Util.transform(transform, item.transform) as number[];
      // Slanted and upright text is watermark or margin note.
      if (Math.abs(b!) > 0.2 * Math.abs(a!)) continue;
      const mono = styles[item.fontName]?.fontFamily === 'monospace';
      pieces.push({ text: item.str, x: x!, y: y!, width: item.width, size: item.height || Math.abs(a!), mono });
    }
    page.cleanup();
    return readingOrder(toSegments(pieces)).flatMap((column) => toLines(column, number));
  } catch (error) {
    if (isAbort(error)) throw error;
    throw documentProblem.corrupt(name, `page ${number} cannot be read`, error);
  }
}

/** Titles that programs fill in by themselves say nothing. */
async function titleOf(pdf: PdfDocument): Promise<string | undefined> {
  const metadata = await pdf.getMetadata().catch(() => undefined);
  const title = (metadata?.info as { Title?: unknown } | undefined)?.Title;
  if (
    typeof title !== 'string' ||
    /^(untitled|microsoft word|powerpoint|document\d*)|\.(docx?|pptx?|tex|dvi|indd|pdf|qxd)$/i.test(title.trim())
  ) {
    return undefined;
  }
  return title.trim() || undefined;
}
