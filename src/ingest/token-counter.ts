import { openModel, listModels } from '../models/catalogue.ts';
import { createTokenizer } from '../models/tokenizer.ts';
import type { CountTokens } from './chunk/units.ts';

/**
 * Counts tokens as the search model does. Without one (set-up could not fetch it) words are counted generously, so that
 * passages fit whichever model comes later.
 */
export async function searchModelTokens(): Promise<CountTokens> {
  const embedder = (await listModels()).find((model) => model.role === 'embedder');
  if (!embedder) return approximateTokens;
  const tokenizer = await createTokenizer(await openModel(embedder.id));
  return (text) => tokenizer.count(text);
}

/** An upper guess: a token per four letters of a word, one per sign and per Chinese, Japanese or Korean letter. */
export function approximateTokens(text: string): number {
  let tokens = 0;
  for (const match of text.matchAll(/[\u2e80-\u9fff\uac00-\ud7af]|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu))
    tokens += Math.ceil(match[0].length / 4);
  return tokens;
}
