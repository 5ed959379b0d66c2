import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readArchive } from '../../../src/ingest/archive/zip.ts';
import { identify } from '../../../src/ingest/formats.ts';
import { openSource } from '../../../src/ingest/sources.ts';
import { blobOf, outline, parse, zip, type Content } from './support.ts';

const wordDocument = (body: string) => ({
  '[Content_Types].xml':
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
  '_rels/.rels':
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
  'word/styles.xml':
    '<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style></w:styles>',
  'word/_rels/document.xml.rels':
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
  'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
});
const p = (text: string, style?: string) =>
  `<w:p>${style ? `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>` : ''}<w:r><w:t>${text}</w:t></w:r></w:p>`;
const cell = (text: string) => `<w:tc>${p(text)}</w:tc>`;

const book = (chapters: Record<string, string>, order: string[], more: Record<string, Content> = {}) =>
  zip({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml':
      '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    'OEBPS/book.opf': `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The &amp; book</dc:title></metadata><manifest>${Object.keys(
      chapters,
    )
      .map((name) => `<item id="${name}" href="text/${encodeURIComponent(name)}" media-type="application/xhtml+xml"/>`)
      .join(
        '',
      )}<item id="css" href="a.css" media-type="text/css"/></manifest><spine>${order.map((name) => `<itemref idref="${name}"/>`).join('')}</spine></package>`,
    ...Object.fromEntries(
      Object.entries(chapters).map(([name, body]) => [
        `OEBPS/text/${name}`,
        `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>${body}</body></html>`,
      ]),
    ),
    ...more,
  });

describe('DOCX', () => {
  it('keeps headings, paragraphs and tables', async () => {
    const body =
      p('Report', 'H1') +
      p('First.') +
      p('Part', 'H2') +
      `<w:tbl><w:tr>${cell('a')}${cell('b')}</w:tr><w:tr>${cell('1')}${cell('2')}</w:tr></w:tbl>` +
      p('Last.');
    expect(outline(await parse('a.docx', zip(wordDocument(body))))).toEqual([
      'h1: Report',
      'paragraph: First.',
      'h2: Part',
      'table: | a | b |\n| --- | --- |\n| 1 | 2 |',
      'paragraph: Last.',
    ]);
  });

  it('that is damaged, or an Office file that is encrypted or too old, is refused by name', async () => {
    const good = zip(wordDocument(p('text')));
    await expect(parse('cut.docx', good.slice(0, good.length / 2))).rejects.toMatchObject({
      code: 'document/corrupt',
      message: expect.stringContaining('cut.docx') as string,
    });
    await expect(parse('no.docx', zip({ 'a.txt': 'x' }))).rejects.toMatchObject({ code: 'document/corrupt' });
    const ole = (text: string) =>
      new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, ...[...text].flatMap((letter) => [letter.charCodeAt(0), 0])]);
    await expect(parse('secret.docx', ole('EncryptedPackage'))).rejects.toMatchObject({ code: 'document/encrypted' });
    await expect(parse('old.doc', ole('WordDocument'))).rejects.toMatchObject({ code: 'document/unsupported' });
  });
});

describe('EPUB', () => {
  it('has its chapters in the order of the spine', async () => {
    const parsed = await parse(
      'a.epub',
      book({ 'b 1.xhtml': '<h1>Start</h1><a id="x"/><p>One &#233;.</p>', 'a.xhtml': '<h1>End</h1><p>Two.</p>' }, [
        'b 1.xhtml',
        'a.xhtml',
      ]),
    );
    expect(parsed.title).toBe('The & book');
    expect(outline(parsed)).toEqual(['h1: Start', 'paragraph: One é.', 'h1: End', 'paragraph: Two.']);
  });

  it('with copy protection is refused, with obfuscated fonts it is not', async () => {
    const encryption = (algorithm: string) => ({
      'META-INF/encryption.xml': `<encryption><EncryptedData><EncryptionMethod Algorithm="${algorithm}"/></EncryptedData></encryption>`,
    });
    const chapters = { 'a.xhtml': '<p>Text.</p>' };
    await expect(
      parse('a.epub', book(chapters, ['a.xhtml'], encryption('http://www.w3.org/2001/04/xmlenc#aes128-cbc'))),
    ).rejects.toMatchObject({ code: 'document/encrypted' });
    expect(
      (await parse('a.epub', book(chapters, ['a.xhtml'], encryption('http://www.idpf.org/2008/embedding')))).text,
    ).toBe('Text.');
  });
});

describe('archives', () => {
  const open = async (path: string, content: Content) => {
    const found: [string, string][] = [];
    for await (const file of openSource({ path, blob: blobOf(content) }, new AbortController().signal)) {
      found.push([file.path, 'error' in file ? (file.error as { code: string }).code : file.format]);
    }
    return found;
  };

  it('give their files under their own path, also within archives, without clutter', async () => {
    const inner = zip({ 'deep.md': '# x' });
    const outer = zip({
      'docs/a.txt': 'a',
      'docs/inner.zip': inner,
      '__MACOSX/docs/._a.txt': 'x',
      '.DS_Store': 'x',
      '../evil.txt': 'x',
      'pic.txt': new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 1]),
    });
    expect(await open('all.zip', outer)).toEqual([
      ['all.zip/docs/a.txt', 'text'],
      ['all.zip/docs/inner.zip/deep.md', 'markdown'],
      ['all.zip/pic.txt', 'document/unsupported'],
    ]);
  });

  it('that are bombs are refused before they unpack', async () => {
    const zeros = new Uint8Array(30_000_000);
    expect(await open('bomb.zip', zip({ 'a.txt': zeros }))).toEqual([['bomb.zip', 'archive/bomb']]);
    const word = zip({ ...wordDocument(p('x')), 'word/media/a.xml': zeros });
    expect(await open('bomb.docx', word)).toEqual([['bomb.docx', 'archive/bomb']]);
    const limits = { entries: 2, totalBytes: 1e6, entryBytes: 1e6, ratio: 1000, ratioFromBytes: 1e6, depth: 3 };
    const list = async (files: Record<string, Content>) => {
      const paths: string[] = [];
      for await (const entry of readArchive(blobOf(zip(files)), 'a.zip', limits)) paths.push(entry.path);
      return paths;
    };
    expect(await list({ a: '1', b: '2' })).toEqual(['a', 'b']);
    await expect(list({ a: '1', b: '2', c: '3' })).rejects.toMatchObject({ code: 'archive/bomb' });
    await expect(list({ a: new Uint8Array(600_000), b: new Uint8Array(600_000) })).rejects.toMatchObject({
      code: 'archive/bomb',
    });
  });

  it('that lie about their sizes are stopped while unpacking', async () => {
    const bytes = zipSync({ 'a.txt': new Uint8Array(30_000_000) });
    const view = new DataView(bytes.buffer);
    for (let i = 0; i + 4 < bytes.length; i++) {
      const signature = view.getUint32(i, true);
      if (signature === 0x02014b50) view.setUint32(i + 24, 1000, true);
      if (signature === 0x04034b50) view.setUint32(i + 22, 1000, true);
    }
    const found = await open('liar.zip', bytes);
    expect(found).toHaveLength(1);
    expect(found[0]![1]).toMatch(/archive\/bomb|document\/corrupt/);
  });

  it('that lie within too many others are refused', async () => {
    let content = zip({ 'a.txt': 'x' });
    for (let i = 0; i < 4; i++) content = zip({ 'in.zip': content });
    expect((await open('deep.zip', content)).at(-1)![1]).toBe('archive/bomb');
  });
});

describe('file kinds', () => {
  it('are told by content when the name is wrong', async () => {
    const kind = async (path: string, content: Content) => identify(path, blobOf(content));
    expect(await kind('notes.pdf', 'Just text.')).toEqual({ kind: 'document', format: 'text' });
    expect(await kind('page.pdf', '<!DOCTYPE html><p>Not found')).toEqual({ kind: 'document', format: 'html' });
    expect(await kind('paper.txt', await readFile('tests/fixtures/documents/password-to-change.pdf'))).toEqual({
      kind: 'document',
      format: 'pdf',
    });
    expect(await kind('README', 'Read me')).toEqual({ kind: 'document', format: 'text' });
    expect(await kind('Dockerfile', 'FROM x')).toEqual({ kind: 'document', format: 'code' });
    expect(await kind('files.docx.zip', zip(wordDocument(p('x'))))).toEqual({ kind: 'document', format: 'docx' });
  });

  it('without text are refused by what they are', async () => {
    const refusal = async (path: string, content: Content) =>
      identify(path, blobOf(content)).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    const noise = new Uint8Array(4000).map((_, i) => (i * 7919) % 256);
    expect(await refusal('a.txt', noise)).toContain('a binary file');
    expect(await refusal('a.md', new Uint8Array([0x89, 0x50, 0x4e, 0x47]))).toContain('a picture (PNG)');
    expect(await refusal('a.xlsx', zip({ 'xl/workbook.xml': '<x/>' }))).toContain('an Excel workbook');
    expect(await refusal('a.rtf', '{\\rtf1 x}')).toContain('an RTF document');
    expect(await refusal('a.txt', '')).toContain('empty');
    expect(await refusal('MZ.txt', 'MZ is how this sentence begins.')).toBe('accepted');
  });
});
