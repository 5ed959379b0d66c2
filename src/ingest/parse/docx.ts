import mammoth from 'mammoth';
import { readArchive } from '../archive/zip.ts';
import { documentProblem } from '../problems.ts';
import { addHtmlBlocks } from './html.ts';
import { DocumentBuilder, type ParseOptions, type ParsedDocument } from './parsed-document.ts';

const styleMap = ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"];

/**
 * Word documents: mammoth makes clean HTML of the styles, the DOM walker makes blocks of it. Pictures are left out.
 *
 * @throws AttuneError `document/corrupt`, `archive/bomb`.
 */
export async function parseDocx(blob: Blob, { name }: ParseOptions): Promise<ParsedDocument> {
  // mammoth unpacks without limits, so the archive is measured by really unpacking it once, entry by entry.
  for await (const entry of readArchive(blob, name)) await entry.measure();
  const html = await toHtml(await blob.arrayBuffer(), name);
  const builder = new DocumentBuilder();
  addHtmlBlocks(builder, html);
  return builder.build();
}

async function toHtml(arrayBuffer: ArrayBuffer, name: string): Promise<string> {
  const withoutPictures = mammoth.images.imgElement(() => Promise.resolve({ src: '' }));
  const input = 'Buffer' in globalThis ? { buffer: nodeBuffer(arrayBuffer) } : { arrayBuffer };
  try {
    return (await mammoth.convertToHtml(input, { styleMap, convertImage: withoutPictures })).value;
  } catch (error) {
    throw documentProblem.corrupt(name, 'Word’s own parts are missing or broken in it', error);
  }
}

/** mammoth's build for Node takes Node's own buffers only. */
function nodeBuffer(bytes: ArrayBuffer): never {
  return (globalThis as unknown as { Buffer: { from(data: ArrayBuffer): never } }).Buffer.from(bytes);
}
