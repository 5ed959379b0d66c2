import { AttuneError } from '../../../errors/attune-error.ts';

/** What an encoder of the BERT family (BERT, MiniLM, BGE, E5, GTE; XLM-RoBERTa for the multilingual ones) is made of. */
export interface BertConfig {
  layers: number;
  heads: number;
  hiddenSize: number;
  feedForwardSize: number;
  vocabularySize: number;
  /** Rows of the position table. */
  positions: number;
  /** Row of the first token: 0 for BERT, padding id + 1 for RoBERTa. */
  firstPosition: number;
  layerNormEpsilon: number;
  padTokenId: number;
}

/** Longest input in tokens. */
export function maxSequenceLength(config: BertConfig): number {
  return config.positions - config.firstPosition;
}

const FAMILIES: Record<string, { roberta: boolean }> = {
  bert: { roberta: false },
  roberta: { roberta: true },
  'xlm-roberta': { roberta: true },
};

/**
 * Reads a Hugging Face `config.json`.
 *
 * @throws AttuneError `models/unsupported-architecture` naming what is not supported, `models/bad-config`
 */
export function parseBertConfig(json: Record<string, unknown>, modelName: string): BertConfig {
  const type = String(json.model_type);
  const family = FAMILIES[type];
  if (!family) throw unsupported(modelName, `of the type ${type}`);
  if (json.hidden_act !== 'gelu') throw unsupported(modelName, `with the activation ${String(json.hidden_act)}`);
  const { position_embedding_type: positionType = 'absolute' } = json as { position_embedding_type?: string };
  if (positionType !== 'absolute') throw unsupported(modelName, `with ${positionType} positions`);
  const number = (key: string): number => {
    const value = json[key];
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw new AttuneError(
      'models/bad-config',
      `The config.json of ${modelName} has no usable ${key}.`,
      'Fetch the model again, or choose another one.',
    );
  };
  const padTokenId = number('pad_token_id');
  return {
    layers: number('num_hidden_layers'),
    heads: number('num_attention_heads'),
    hiddenSize: number('hidden_size'),
    feedForwardSize: number('intermediate_size'),
    vocabularySize: number('vocab_size'),
    positions: number('max_position_embeddings'),
    firstPosition: family.roberta ? padTokenId + 1 : 0,
    layerNormEpsilon: number('layer_norm_eps'),
    padTokenId,
  };
}

function unsupported(modelName: string, what: string): AttuneError {
  return new AttuneError(
    'models/unsupported-architecture',
    `${modelName} is an encoder ${what}, which is not supported.`,
    'Choose a BERT, RoBERTa or XLM-RoBERTa encoder with GELU and absolute positions (MiniLM, BGE, E5, GTE).',
  );
}
