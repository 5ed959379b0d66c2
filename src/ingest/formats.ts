import type { DocumentFormat } from '../storage/schema.ts';
import { readArchive } from './archive/zip.ts';
import { utf16WithoutMark } from './parse/decode-text.ts';
import { documentProblem } from './problems.ts';

/** What a file is: a document of some format, or an archive of files. */
export type FileKind = { kind: 'document'; format: DocumentFormat } | { kind: 'archive' };

const byExtension: Record<string, DocumentFormat> = {
  txt: 'text',
  text: 'text',
  log: 'text',
  rst: 'text',
  adoc: 'text',
  srt: 'text',
  vtt: 'text',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  mdown: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  geojson: 'json',
  ipynb: 'json',
  webmanifest: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
};

const codeExtensions = new Set(
  (
    'js mjs cjs jsx ts mts cts tsx svelte vue css scss less py rb php java kt kts scala groovy c h cc cpp cxx hpp cs fs vb go rs ' +
    'swift m mm dart lua pl pm r jl sql sh bash zsh fish ps1 bat cmd yaml yml toml ini cfg conf properties env xml xsd xsl ' +
    'proto graphql gql tf hcl nix gradle cmake mk make dockerfile tex bib el clj cljs ex exs erl hs ml elm zig nim v sol wgsl glsl asm s ' +
    'diff patch'
  ).split(' '),
);
const codeNames = new Set([
  'makefile',
  'dockerfile',
  'cmakelists.txt',
  'gemfile',
  'rakefile',
  'jenkinsfile',
  'vagrantfile',
]);

/** File types known by their first bytes that hold no text for us. [bytes as latin1, offset, what it is] */
const foreign: [signature: string, offset: number, what: string][] = [
  ['\x89PNG', 0, 'a picture (PNG)'],
  ['\xff\xd8\xff', 0, 'a picture (JPEG)'],
  ['GIF8', 0, 'a picture (GIF)'],
  ['BM', 0, 'a picture (BMP)'],
  ['II*\0', 0, 'a picture (TIFF)'],
  ['MM\0*', 0, 'a picture (TIFF)'],
  ['WEBP', 8, 'a picture (WebP)'],
  ['ID3', 0, 'a sound recording (MP3)'],
  ['OggS', 0, 'a sound or video recording (Ogg)'],
  ['WAVE', 8, 'a sound recording (WAV)'],
  ['fLaC', 0, 'a sound recording (FLAC)'],
  ['ftyp', 4, 'a video or sound recording (MP4)'],
  ['\x1aE\xdf\xa3', 0, 'a video (Matroska)'],
  ['\x7fELF', 0, 'a program'],
  ['MZ', 0, 'a program'],
  ['\0asm', 0, 'a program (WebAssembly)'],
  ['\xca\xfe\xba\xbe', 0, 'a program'],
  ['SQLite format 3', 0, 'a database (SQLite)'],
  ['GGUF', 0, 'a language model (GGUF)'],
  ['wOFF', 0, 'a font'],
  ['wOF2', 0, 'a font'],
];
const packed: [signature: string, what: string][] = [
  ['\x1f\x8b', 'a gzip archive'],
  ['7z\xbc\xaf', 'a 7-Zip archive'],
  ['Rar!', 'a RAR archive'],
  ['\xfd7zXZ', 'an xz archive'],
  ['BZh', 'a bzip2 archive'],
  ['(\xb5/\xfd', 'a Zstandard archive'],
];

/**
 * Tells a file's kind by its content first and its name second, so that a wrong extension does no harm.
 *
 * @throws AttuneError `document/empty`, `document/unsupported`, `document/encrypted` (Office), `document/corrupt` (zip).
 */
export async function identify(path: string, blob: Blob): Promise<FileKind> {
  const name = nameOf(path);
  if (blob.size === 0) throw documentProblem.empty(name);
  const bytes = new Uint8Array(await blob.slice(0, 65_536).arrayBuffer());
  const head = latin1(bytes.subarray(0, 1024));
  if (head.includes('%PDF-')) return document('pdf');
  if (head.startsWith('PK\x03\x04') || head.startsWith('PK\x05\x06')) return identifyZip(name, blob);
  if (head.startsWith('\xd0\xcf\x11\xe0')) await refuseOldOffice(name, blob);
  if (head.startsWith('{\\rtf')) {
    throw documentProblem.unsupported(name, 'an RTF document', 'Save it as .docx or .pdf and add that file.');
  }
  refuseForeign(name, head);
  if (looksBinary(bytes)) {
    throw documentProblem.unsupported(
      name,
      'a binary file',
      'Add documents, tables, web pages, source code or zips of them.',
    );
  }
  return document(textFormat(name, bytes));
}

const document = (format: DocumentFormat): FileKind => ({ kind: 'document', format });

/** Files that systems and tools leave behind; nobody means to add them. */
export function isClutter(path: string): boolean {
  return (
    /(^|\/)(__MACOSX|\.git|\.svn|\.hg|node_modules)\//.test(path) ||
    /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$/i.test(path)
  );
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function textFormat(name: string, bytes: Uint8Array): DocumentFormat {
  const lower = name.toLowerCase();
  const extension = lower.includes('.') ? lower.slice(lower.lastIndexOf('.') + 1) : '';
  if (codeNames.has(lower)) return 'code';
  if (byExtension[extension]) return byExtension[extension];
  if (codeExtensions.has(extension)) return 'code';
  const start = new TextDecoder().decode(bytes.subarray(0, 1024)).trimStart().toLowerCase();
  return start.startsWith('<!doctype html') || start.startsWith('<html') ? 'html' : 'text';
}

async function identifyZip(name: string, blob: Blob): Promise<FileKind> {
  const paths = new Set<string>();
  for await (const entry of readArchive(blob, name)) paths.add(entry.path);
  if (paths.has('word/document.xml')) return document('docx');
  if (paths.has('META-INF/container.xml') && (paths.has('mimetype') || /\.epub$/i.test(name))) return document('epub');
  if (paths.has('xl/workbook.xml')) {
    throw documentProblem.unsupported(name, 'an Excel workbook', 'Save its sheets as .csv and add those.');
  }
  if (paths.has('ppt/presentation.xml')) {
    throw documentProblem.unsupported(name, 'a PowerPoint presentation', 'Save it as .pdf and add that file.');
  }
  if (paths.has('META-INF/manifest.xml') && paths.has('content.xml')) {
    throw documentProblem.unsupported(name, 'an OpenDocument file', 'Save it as .docx or .pdf and add that file.');
  }
  if (/\.docx$/i.test(name)) throw documentProblem.corrupt(name, 'Word’s own parts are missing in it');
  if (/\.epub$/i.test(name)) throw documentProblem.corrupt(name, 'it is a zip but no book');
  return { kind: 'archive' };
}

/** OLE files: Word 97-2003 and friends, or a new Office file encrypted with a password ([MS-OFFCRYPTO] 2.3). */
async function refuseOldOffice(name: string, blob: Blob): Promise<never> {
  const text = latin1(new Uint8Array(await blob.slice(0, 4_000_000).arrayBuffer())).replaceAll('\0', '');
  if (text.includes('EncryptedPackage')) throw documentProblem.encrypted(name);
  throw documentProblem.unsupported(
    name,
    'an Office file of before 2007',
    'Save it as .docx or .pdf and add that file.',
  );
}

function refuseForeign(name: string, head: string): void {
  const type = packed.find(([signature]) => head.startsWith(signature));
  if (type) throw documentProblem.unsupported(name, type[1], 'Unpack it, or pack the files as .zip.');
  // Two-letter signatures also begin ordinary text ("MZ", "BM"); binary content must follow.
  const hit = foreign.find(
    ([signature, offset]) => head.startsWith(signature, offset) && (signature.length > 2 || head.includes('\0')),
  );
  if (hit)
    throw documentProblem.unsupported(name, hit[2], 'Add documents, tables, web pages, source code or zips of them.');
}

/** Control characters that no text has: one in two hundred is noise, more is a binary file. */
function looksBinary(bytes: Uint8Array): boolean {
  const hasMark = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (hasMark || utf16WithoutMark(bytes)) return false;
  let control = 0;
  for (const byte of bytes) if (byte < 9 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32)) control++;
  return control > bytes.length / 200;
}

/** One letter per byte. TextDecoder's "latin1" is windows-1252, which changes bytes 0x80-0x9f. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}
