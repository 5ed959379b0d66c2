import type { MarkedExtension, Tokens } from 'marked';

interface CitationToken extends Tokens.Generic {
  type: 'citation';
  raw: string;
  numbers: number[];
}

// Not a link `[1](…)`, `[1][name]` or its definition `[1]:`; but two sources in a row, `[1][3]`, are two citations.
const CITATION = /^\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?![(:]|\[(?!\d))/;

/**
 * Makes `[2]` and `[1, 3]` buttons that carry their passage number. Numbers outside `known` stay plain text, so that a
 * list index such as `a[0]` or an invented citation never looks like a source.
 */
export function citationExtension(known: ReadonlySet<number>): MarkedExtension {
  return {
    extensions: [
      {
        name: 'citation',
        level: 'inline',
        start: (source) => source.match(/\[\d/)?.index,
        tokenizer(source): CitationToken | undefined {
          const match = CITATION.exec(source);
          const numbers = match?.[1]?.split(/[,;]/).map(Number) ?? [];
          if (!match || !numbers.every((number) => known.has(number))) return undefined;
          return { type: 'citation', raw: match[0], numbers };
        },
        renderer: (token) => (token as CitationToken).numbers.map(button).join(''),
      },
    ],
  };
}

function button(number: number): string {
  return `<button type="button" class="citation" data-passage="${number}" aria-label="Source ${number}">${number}</button>`;
}
