import { describe, expect, it } from 'vitest';
import { outline, parse } from './support.ts';

describe('plain text', () => {
  it('is read in the encoding that its bytes show', async () => {
    const text = 'Größe – 5 €';
    const utf16 = (littleEndian: boolean) => {
      const bytes = new DataView(new ArrayBuffer(2 + text.length * 2));
      bytes.setUint16(0, 0xfeff, littleEndian);
      [...text].forEach((letter, i) => bytes.setUint16(2 + i * 2, letter.charCodeAt(0), littleEndian));
      return new Uint8Array(bytes.buffer);
    };
    const bytes = [
      new TextEncoder().encode(text),
      new TextEncoder().encode(`\ufeff${text}`),
      utf16(true),
      utf16(false),
    ];
    for (const content of bytes) expect((await parse('a.txt', content)).text).toBe(text);
    const plain = utf16(true).subarray(2);
    expect((await parse('a.txt', new Uint8Array([...plain, ...plain, ...plain]))).text).toBe(text.repeat(3));
  });

  it('has paragraphs between empty lines and Unix line ends', async () => {
    expect(outline(await parse('a.txt', 'One\r\nline.\r\n\r\n \r\nTwo.\r'))).toEqual([
      'paragraph: One\nline.',
      'paragraph: Two.',
    ]);
  });
});

describe('Markdown', () => {
  it('stays as it is, with a block per element', async () => {
    const source = [
      '---\ntitle: Guide\n---',
      '# One *two* {#x}',
      'Text\nmore',
      '- a\n  - b',
      '| a | b |\n|---|---|\n| 1 | 2 |',
      '```js\n\nlet x;\n```',
      '> said',
      'Old\n===',
      '[ref]: http://x',
    ].join('\n\n');
    const parsed = await parse('a.md', source);
    expect(parsed.text).toBe(source);
    expect(parsed.title).toBe('Guide');
    expect(outline(parsed).map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'code',
      'h1',
      'paragraph',
      'list',
      'table',
      'code',
      'quote',
      'h1',
      'paragraph',
    ]);
  });

  it('takes its first heading for a title when it has no front matter', async () => {
    expect((await parse('a.md', 'Hello\n\n## [The](x) `title`\n')).title).toBe('The title');
  });
});

describe('HTML', () => {
  it('keeps structure and leaves out navigation and scripts', async () => {
    const words = 'This sentence is part of the article and long enough to count as content. '.repeat(8);
    const page = `<!doctype html><html><head><title>Page &amp; title</title><script>bad()</script></head><body>
      <nav><a href="/">Home</a> <a href="/x">Elsewhere</a></nav>
      <article><h1>Top</h1><p>${words}</p><h2>Lists</h2><ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>
      <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x|y</td></tr></table>
      <pre><code>if (a) {\n  b();\n}</code></pre><blockquote><p>Quoted</p></blockquote><p>Line<br>break <b>bold</b></p><p>${words}</p></article>
      <script>alert(1)</script></body></html>`;
    const parsed = await parse('a.html', page);
    expect(parsed.title).toBe('Page & title');
    expect(parsed.text).not.toMatch(/Elsewhere|alert|bad\(/);
    expect(outline(parsed)).toEqual([
      'h1: Top',
      `paragraph: ${words.trim()}`,
      'h2: Lists',
      'list: - one\n  - inner\n- two',
      'table: | a | b |\n| --- | --- |\n| 1 | x\\|y |',
      'code: if (a) {\n  b();\n}',
      'quote: Quoted',
      'paragraph: Line\nbreak bold',
      `paragraph: ${words.trim()}`,
    ]);
  });

  it('keeps everything of a page that is no article', async () => {
    const parsed = await parse(
      'a.html',
      '<body><div>Opening hours</div><div><div>Monday 9</div>Tuesday 10<p>Closed</p></div></body>',
    );
    expect(outline(parsed)).toEqual([
      'paragraph: Opening hours',
      'paragraph: Monday 9',
      'paragraph: Tuesday 10',
      'paragraph: Closed',
    ]);
  });

  it('is read in the encoding that it declares', async () => {
    const bytes = new Uint8Array([
      ...new TextEncoder().encode('<html><meta charset="koi8-r"><body><p>'),
      0xd0,
      0xd2,
      0xc9,
      0xd7,
      0xc5,
      0xd4,
    ]);
    expect((await parse('a.htm', bytes)).text).toBe('привет');
  });
});

describe('tables and records', () => {
  it('CSV and TSV become a table, whatever separates the cells', async () => {
    const table = '| name | note |\n| --- | --- |\n| Ada | says "hi", twice |\n| Bo | two lines |';
    expect((await parse('a.csv', 'name,note\nAda,"says ""hi"", twice"\n\nBo,"two\nlines"\n')).text).toBe(table);
    expect((await parse('a.csv', 'name;note\nAda;"says ""hi"", twice"\nBo;two lines')).text).toBe(table);
    expect((await parse('a.tsv', 'name\tnote\nAda\tsays "hi", twice\nBo\ttwo lines')).text).toBe(table);
  });

  it('JSON has a block per record', async () => {
    expect(outline(await parse('a.json', '[{"a":1},{"b":[2]}]'))).toEqual([
      'code: {\n  "a": 1\n}',
      'code: {\n  "b": [\n    2\n  ]\n}',
    ]);
    expect(outline(await parse('a.json', '{"x":"y","z":null}'))).toEqual(['code: "x": "y"', 'code: "z": null']);
    await expect(parse('a.json', '{"x":')).rejects.toMatchObject({ code: 'document/corrupt' });
  });

  it('JSON Lines have a block per line, also where one is broken', async () => {
    expect(outline(await parse('a.jsonl', '{"a":1}\n\n{"b":\n{"c":3}\n'))).toEqual([
      'code: {"a":1}',
      'paragraph: {"b":',
      'code: {"c":3}',
    ]);
    await expect(parse('a.jsonl', 'no\njson\n')).rejects.toMatchObject({ code: 'document/corrupt' });
  });

  it('source code has a block per top-level piece', async () => {
    const source = 'import x\n\ndef f():\n    a = 1\n\n    return a\n\ndef g():\n    pass\n';
    expect(outline(await parse('a.py', source))).toEqual([
      'code: import x',
      'code: def f():\n    a = 1\n\n    return a',
      'code: def g():\n    pass',
    ]);
  });
});
