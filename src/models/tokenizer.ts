import { Tokenizer } from '@huggingface/tokenizers';
import { AttuneError } from '../errors/attune-error.ts';
import type { ModelFiles } from './contract.ts';

/** Text to tokens of one model, without its weights: what chunk budgets and embedders are counted in. */
export interface TextTokenizer {
  /** Number of tokens of the text alone, special tokens not counted. */
  count(text: string): number;
  /** Token ids with the special tokens that the model wants around a text ([CLS] … [SEP]). */
  encode(text: string): number[];
  /** How many special tokens `encode` adds to any text. */
  readonly specialTokens: number;
}

/**
 * Reads `tokenizer.json` (and `tokenizer_config.json` where there is one) of a model.
 *
 * @throws AttuneError `models/no-tokenizer` when the model has none, `models/bad-tokenizer` when it is not understood
 */
export async function createTokenizer(files: ModelFiles): Promise<TextTokenizer> {
  const { name } = files.description;
  const has = (file: string) => files.description.files.some((known) => known.name === file);
  if (!has('tokenizer.json')) {
    throw new AttuneError(
      'models/no-tokenizer',
      `The model ${name} has no tokenizer.json.`,
      'Add the folder again with its tokenizer.json beside the weights.',
    );
  }
  const definition = await files.json<object>('tokenizer.json');
  const config = has('tokenizer_config.json') ? await files.json<object>('tokenizer_config.json') : {};
  try {
    return wrap(new Tokenizer(definition, config));
  } catch (cause) {
    throw new AttuneError(
      'models/bad-tokenizer',
      `The tokenizer.json of ${name} is not understood: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Choose a model in the Hugging Face layout, or fetch the file again: it may be damaged.',
      { cause },
    );
  }
}

function wrap(tokenizer: Tokenizer): TextTokenizer {
  return {
    specialTokens: tokenizer.encode('').ids.length,
    count: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.length,
    encode: (text) => tokenizer.encode(text).ids,
  };
}
