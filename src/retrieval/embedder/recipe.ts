import type { Pooling } from '../../engine/models/bert/pooling.ts';
import type { ModelFiles } from '../../models/contract.ts';

/** How a model wants its texts: pooling, prefixes, length. */
export interface EmbeddingRecipe {
  pooling: Pooling;
  queryPrefix: string;
  passagePrefix: string;
  /** Longest input that the model was meant for; absent: its position table decides. */
  maxTokens?: number;
}

/** What the families ask for in their model cards, for folders that lack the sentence-transformers files. */
const FAMILIES: { name: RegExp; recipe: Partial<EmbeddingRecipe> }[] = [
  { name: /\be5\b/i, recipe: { queryPrefix: 'query: ', passagePrefix: 'passage: ' } },
  {
    name: /\bbge\b.*\ben\b/i,
    recipe: { pooling: 'cls', queryPrefix: 'Represent this sentence for searching relevant passages: ' },
  },
  { name: /\bbge\b/i, recipe: { pooling: 'cls' } },
  {
    name: /\bnomic embed text\b/i,
    recipe: { queryPrefix: 'search_query: ', passagePrefix: 'search_document: ' },
  },
];

/**
 * Reads the sentence-transformers files of a model (`1_Pooling/config.json`, `sentence_bert_config.json`,
 * `config_sentence_transformers.json`), else goes by its name; mean pooling without prefixes otherwise.
 */
export async function readRecipe(files: ModelFiles): Promise<EmbeddingRecipe> {
  const { name, id } = files.description;
  const recipe: EmbeddingRecipe = {
    pooling: 'mean',
    queryPrefix: '',
    passagePrefix: '',
    ...familyOf(`${name} ${id}`)?.recipe,
  };

  const pooling = await optionalJson<{ pooling_mode_cls_token?: boolean }>(files, '1_Pooling/config.json');
  if (pooling) recipe.pooling = pooling.pooling_mode_cls_token ? 'cls' : 'mean';

  const length = await optionalJson<{ max_seq_length?: number }>(files, 'sentence_bert_config.json');
  if (length?.max_seq_length) recipe.maxTokens = length.max_seq_length;

  const prompts = (await optionalJson<{ prompts?: Record<string, string> }>(files, 'config_sentence_transformers.json'))
    ?.prompts;
  if (prompts?.query !== undefined) recipe.queryPrefix = prompts.query;
  const passage = prompts?.passage ?? prompts?.document;
  if (passage !== undefined) recipe.passagePrefix = passage;
  return recipe;
}

/** What a model's card asks to be put before a text, by its name alone: an endpoint shows no files. */
export function prefixesOf(model: string): { query: string; passage: string } {
  const { queryPrefix: query = '', passagePrefix: passage = '' } = familyOf(model)?.recipe ?? {};
  return { query, passage };
}

function familyOf(name: string) {
  return FAMILIES.find((family) => family.name.test(name.replaceAll(/[_/-]/g, ' ')));
}

async function optionalJson<T>(files: ModelFiles, name: string): Promise<T | undefined> {
  return files.description.files.some((file) => file.name === name) ? files.json<T>(name) : undefined;
}
