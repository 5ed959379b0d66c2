import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { chunkDocument, type Chunk } from '../../../src/ingest/chunk/chunker.ts';
import { sentences } from '../../../src/ingest/chunk/sentences.ts';
import type { CountTokens } from '../../../src/ingest/chunk/units.ts';
import { parseMarkdownText } from '../../../src/ingest/parse/markdown.ts';
import { headingTitle } from '../../../src/ingest/parse/markdown-heading.ts';
import type { ParsedDocument } from '../../../src/ingest/parse/parsed-document.ts';
import { tableText } from '../../../src/ingest/parse/table-text.ts';
import { approximateTokens } from '../../../src/ingest/token-counter.ts';
import { starterModelFiles } from '../../../src/models/node.ts';
import { createTokenizer } from '../../../src/models/tokenizer.ts';
import { passageText } from '../../../src/retrieval/passage-text.ts';

const defaults = { maxTokens: 254, overlapTokens: 32, headingShare: 0.25 };
let count: CountTokens;

beforeAll(async () => {
  const tokenizer = await createTokenizer(await starterModelFiles('all-MiniLM-L6-v2'));
  count = (text) => tokenizer.count(text);
});

const chunk = (document: ParsedDocument, settings: Partial<typeof defaults> = {}, counter = count): Chunk[] => [
  ...chunkDocument(document, { settings: { ...defaults, ...settings }, count: counter }),
];

/** Markdown of every kind of block, with letters of several scripts and sentences of any length. */
const word = fc.constantFrom(
  'alpha',
  'Beta',
  'naïve',
  'e.g.',
  'Dr.',
  '3.14',
  'Straße',
  '東京',
  'über',
  'well-known',
  'x',
  '🙂',
  '“quoted”',
);
const sentence = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 40 }), fc.constantFrom('.', '!', '?', ''))
  .map(([words, end]) => words.join(' ') + end);
const paragraph = fc.array(sentence, { minLength: 1, maxLength: 8 }).map((list) => list.join(' '));
const block = fc.oneof(
  { weight: 4, arbitrary: paragraph },
  fc.tuple(fc.integer({ min: 1, max: 6 }), sentence).map(([level, title]) => `${'#'.repeat(level)} ${title}`),
  fc.array(sentence, { minLength: 1, maxLength: 6 }).map((list) => list.map((item) => `- ${item}`).join('\n')),
  fc.array(fc.tuple(word, word), { minLength: 2, maxLength: 60 }).map((rows) => tableText(rows)),
  fc.array(sentence, { minLength: 1, maxLength: 30 }).map((list) => '```\n' + list.join('\n') + '\n```'),
);
const markdown = fc.array(block, { minLength: 1, maxLength: 12 }).map((blocks) => blocks.join('\n\n'));
const settings = fc.record({
  maxTokens: fc.integer({ min: 48, max: 200 }),
  overlapTokens: fc.integer({ min: 0, max: 64 }),
  headingShare: fc.constantFrom(0, 0.25, 0.5),
});

describe('chunks of any document', () => {
  it('are exact slices in order, within the budget, and hold all of the text', () => {
    fc.assert(
      fc.property(markdown, settings, (text, knobs) => {
        const document = parseMarkdownText(text);
        const chunks = chunk(document, knobs, approximateTokens);
        const covered = new Uint8Array(text.length);
        let before = -1;
        for (const { start, end, text: body, headings, tokens } of chunks) {
          expect(text.slice(start, end)).toBe(body);
          expect(body.trim()).not.toBe('');
          expect(start).toBeGreaterThan(before);
          expect(tokens).toBe(approximateTokens(passageText({ headings, text: body })));
          expect(tokens).toBeLessThanOrEqual(knobs.maxTokens);
          before = start;
          covered.fill(1, start, end);
        }
        // A heading's line is covered when it is a heading of some chunk or a chunk of its own.
        for (const block of document.blocks.filter((b) => b.kind === 'heading'))
          covered.fill(1, block.start, block.end);
        const lost =
          [...text].length > 0 ? [...covered].flatMap((c, i) => (c === 0 && /\S/.test(text[i]!) ? [i] : [])) : [];
        expect(lost).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('never cut a sentence that fits', () => {
    fc.assert(
      fc.property(fc.array(paragraph, { minLength: 1, maxLength: 8 }), settings, (paragraphs, knobs) => {
        const text = paragraphs.join('\n\n');
        const document = parseMarkdownText(text);
        const bounds = chunk(document, knobs, approximateTokens).flatMap(({ start, end }) => [start, end]);
        for (const { start, end } of document.blocks) {
          for (const span of sentences(text, start, end)) {
            if (approximateTokens(text.slice(span.start, span.end)) > knobs.maxTokens) continue;
            expect(bounds.filter((bound) => bound > span.start && bound < span.end)).toEqual([]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keep the words of every heading, in a path or as text', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const document = parseMarkdownText(text);
        const chunks = chunk(document, { headingShare: 0.5, maxTokens: 510 }, approximateTokens);
        for (const block of document.blocks.filter((b) => b.kind === 'heading')) {
          const title = headingTitle(text.slice(block.start, block.end));
          const inPath = chunks.some(
            (c) => c.start >= block.end && c.headings.some((h) => h === title || h.endsWith('…')),
          );
          expect(inPath || chunks.some((c) => c.start <= block.start && c.end >= block.end) || title === '').toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('chunking', () => {
  it('fits the search model’s own tokens, headings and special tokens included', () => {
    const text = `# Über die Straße\n\n${Array.from({ length: 120 }, (_, i) => `Internationalisation clause ${i * 7919} supersedes antidisestablishmentarianism.`).join(' ')}`;
    const chunks = chunk(parseMarkdownText(text));
    expect(chunks.length).toBeGreaterThan(4);
    for (const c of chunks) expect(count(passageText(c)) + 2).toBeLessThanOrEqual(256);
    // Full chunks, not timid ones: only the last may be short.
    for (const c of chunks.slice(0, -1)) expect(c.tokens).toBeGreaterThan(200);
  });

  it('keeps the path of headings and begins anew at each one', () => {
    const chunks = chunk(
      parseMarkdownText('# A\n\none.\n\n## B {#b}\n\ntwo.\n\n### [C](x) `d`\n\nthree.\n\n## E\n\nfour.'),
    );
    expect(chunks.map((c) => [c.headings.join('/'), c.text])).toEqual([
      ['A', 'one.'],
      ['A/B', 'two.'],
      ['A/B/C d', 'three.'],
      ['A/E', 'four.'],
    ]);
  });

  it('puts the title of front matter above all headings', () => {
    const [, body] = chunk(parseMarkdownText('---\ntitle: "Leave policy"\n---\n\n## Sick leave\n\nCall us.'));
    expect(body!.headings).toEqual(['Leave policy', 'Sick leave']);
  });

  it('keeps a table whole where it fits, else cuts between rows and repeats the columns', () => {
    const rows = (n: number) => [
      ['city', 'people'],
      ...Array.from({ length: n }, (_, i) => [`Town number ${i}`, `${i * 1000}`]),
    ];
    const lead = `${'Some words before the table. '.repeat(24)}\n\n`;
    const small = chunk(parseMarkdownText(lead + tableText(rows(8))));
    expect(small.filter((c) => c.text.includes('| Town'))).toHaveLength(1);
    const large = chunk(parseMarkdownText(tableText(rows(200))));
    expect(large.length).toBeGreaterThan(3);
    for (const c of large) expect(c.text).toMatch(/^\|[^]*\|$/);
    for (const c of large.slice(1)) expect(c.headings).toEqual(['Columns: city, people']);
  });

  it('keeps code whole where it fits', () => {
    const code = '```js\n' + Array.from({ length: 12 }, (_, i) => `const a${i} = compute(${i});`).join('\n') + '\n```';
    const chunks = chunk(parseMarkdownText(`${'Words that come before. '.repeat(45)}\n\n${code}\n\nAfter.`));
    expect(chunks.filter((c) => c.text.includes('compute('))).toHaveLength(1);
  });

  it('repeats whole sentences as overlap, and none across headings', () => {
    const text = `# A\n\n${Array.from({ length: 40 }, (_, i) => `This is plain sentence number ${i} of the first section.`).join(' ')}\n\n# B\n\nOther.`;
    const chunks = chunk(parseMarkdownText(text));
    for (let i = 1; i < chunks.length - 1; i++) {
      const shared = text.slice(chunks[i]!.start, chunks[i - 1]!.end);
      expect(shared).toMatch(/^This .* section\.$/);
      expect(count(shared)).toBeLessThanOrEqual(32);
    }
    expect(chunks.at(-1)).toMatchObject({ text: 'Other.', headings: ['B'] });
    expect(
      chunk(parseMarkdownText(text), { overlapTokens: 0 }).every((c, i, all) => i === 0 || c.start >= all[i - 1]!.end),
    ).toBe(true);
  });

  it('cuts a sentence that alone exceeds the budget between words', () => {
    const text = Array.from({ length: 900 }, (_, i) => `word${i}`).join(' ');
    const chunks = chunk(parseMarkdownText(text));
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.map((c) => c.text).join(' ')).toBe(text);
  });

  it('cuts a word that alone exceeds the budget, and never within a letter of two code units', () => {
    const text = '🙂'.repeat(3000);
    const chunks = chunk(parseMarkdownText(text), {}, approximateTokens);
    expect(chunks.map((c) => c.text).join('')).toBe(text);
    for (const c of chunks) expect(c.text.isWellFormed()).toBe(true);
  });

  it('drops outer headings first when they take too much room', () => {
    const long = 'A very long heading that goes on and on about matters of little interest to anybody at all';
    const text = `# ${long} one\n\n## ${long} two\n\n### Short\n\nText.`;
    expect(chunk(parseMarkdownText(text))[0]!.headings).toEqual([`${long} one`, `${long} two`, 'Short']);
    expect(chunk(parseMarkdownText(text), { maxTokens: 80 })[0]!.headings).toEqual(['Short']);
  });
});

describe('sentences', () => {
  const split = (text: string) => sentences(text, 0, text.length).map(({ start, end }) => text.slice(start, end));

  it('end at full stops, not at abbreviations, initials, numbers or line breaks', () => {
    expect(
      split('Dr. Smith met J. R. Jones at 3.30 p.m. on Fig. 4. They spoke, e.g. about\nthe U.S. market! Did it help?'),
    ).toEqual([
      'Dr. Smith met J. R. Jones at 3.30 p.m. on Fig. 4.',
      'They spoke, e.g. about\nthe U.S. market!',
      'Did it help?',
    ]);
    expect(split('Das gilt z. B. für Hr. Müller. Und hier nicht.')).toEqual([
      'Das gilt z. B. für Hr. Müller.',
      'Und hier nicht.',
    ]);
    expect(split('これは文です。次の文です。')).toEqual(['これは文です。', '次の文です。']);
  });

  it('are the same for a long text as for its parts', () => {
    const one = 'The quick brown fox jumps over the lazy dog near the bank of the river. ';
    expect(split(one.repeat(2000))).toEqual(Array(2000).fill(one.trim()));
  });
});
