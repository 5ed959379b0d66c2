import { SafetensorsFile } from '../../engine/formats/safetensors.ts';
import { maxSequenceLength, parseBertConfig, type BertConfig } from '../../engine/models/bert/config.ts';
import { readPooler } from '../../engine/models/bert/scoring-head.ts';
import { readBertWeights, type BertWeights, type NormWeights } from '../../engine/models/bert/weights.ts';
import type { Tokens } from '../../engine/training/batches.ts';
import { AttuneError } from '../../errors/attune-error.ts';
import type { ModelFiles } from '../../models/contract.ts';
import { createTokenizer, type TextTokenizer } from '../../models/tokenizer.ts';
import { readRecipe, type EmbeddingRecipe } from '../../retrieval/embedder/recipe.ts';
import { pairTokens, type PairTokens } from '../../retrieval/pair-tokens.ts';
import { passageText } from '../../retrieval/passage-text.ts';
import type { TrainingProgress } from '../contract.ts';
import type { TextForm } from './text-form.ts';

export interface LoadedEncoder {
  config: BertConfig;
  weights: BertWeights;
  /** Where the file has one: what a ranking model scores with. */
  pooler: NormWeights | undefined;
  recipe: EmbeddingRecipe;
  texts: EncoderTexts;
}

/**
 * Reads an encoder with its tokenizer.
 *
 * @param maxTokens of a text; the model's own limit holds too
 * @throws AttuneError naming the file that is missing or damaged, or what of the architecture is not supported
 */
export async function loadEncoder(
  files: ModelFiles,
  maxTokens: number,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<LoadedEncoder> {
  const { description } = files;
  const weightFile = description.files.find(({ name }) => name.endsWith('.safetensors'));
  if (!weightFile) {
    throw new AttuneError(
      'training/wrong-model',
      `${description.name} has no .safetensors file, so it cannot be tuned here.`,
      'Choose a search model with config.json, tokenizer.json and safetensors weights.',
    );
  }
  const [json, recipe, tokenizer] = await Promise.all([
    files.json<Record<string, unknown>>('config.json'),
    readRecipe(files),
    createTokenizer(files),
  ]);
  const config = parseBertConfig(json, description.name);
  const blob = await files.blob(weightFile.name, (done, total) =>
    onProgress?.({ stage: 'Reading the model', done, total }),
  );
  const file = await SafetensorsFile.open(blob, weightFile.name);
  const [weights, pooler] = await Promise.all([readBertWeights(file, config), readPooler(file)]);
  const limit = Math.min(maxTokens, recipe.maxTokens ?? Infinity, maxSequenceLength(config));
  return { config, weights, pooler, recipe, texts: new EncoderTexts(tokenizer, recipe, limit) };
}

/** Texts in the tokens in which the search index embeds them: prefixes, headings, special tokens, the same cut. */
export class EncoderTexts implements TextForm<Tokens> {
  readonly #tokenizer: TextTokenizer;
  readonly #recipe: EmbeddingRecipe;
  readonly #limit: number;

  constructor(tokenizer: TextTokenizer, recipe: EmbeddingRecipe, limit: number) {
    this.#tokenizer = tokenizer;
    this.#recipe = recipe;
    this.#limit = limit;
  }

  query(text: string): Tokens {
    return this.#cut(this.#tokenizer.encode(this.#recipe.queryPrefix + text));
  }

  passage(passage: { headings: readonly string[]; text: string }): Tokens {
    return this.#cut(this.#tokenizer.encode(this.#recipe.passagePrefix + passageText(passage)));
  }

  /** Both in one sequence, without prefixes, as the ranking model reads them. */
  pair(question: string, passage: { headings: readonly string[]; text: string }): PairTokens {
    return pairTokens(this.#tokenizer.encode(question), this.#tokenizer.encode(passageText(passage)), this.#limit);
  }

  /** Too long a text loses its end but keeps the closing special token. */
  #cut(ids: Tokens): Tokens {
    return ids.length <= this.#limit ? ids : [...ids.slice(0, this.#limit - 1), ids.at(-1)!];
  }
}
