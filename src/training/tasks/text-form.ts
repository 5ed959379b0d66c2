import { passageText } from '../../retrieval/passage-text.ts';

/** How a search model is given its texts: in tokens where it runs here, as they are where another program embeds them. */
export interface TextForm<Text> {
  query(text: string): Text;
  passage(passage: { headings: readonly string[]; text: string }): Text;
}

/** Unit vectors of texts [count, dimensions], row-major. */
export type Encode<Text> = (
  texts: readonly Text[],
  signal: AbortSignal | undefined,
  kind: 'query' | 'passage',
) => Promise<Float32Array>;

/** As they are, with their headings. */
export const PLAIN_TEXTS: TextForm<string> = { query: (text) => text, passage: passageText };
