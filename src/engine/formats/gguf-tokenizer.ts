import { AttuneError } from '../../errors/attune-error.ts';

/** A tokenizer in the two JSON files of the Hugging Face layout. */
export interface TokenizerFiles {
  /** `tokenizer.json` */
  tokenizer: Record<string, unknown>;
  /** `tokenizer_config.json`: special tokens and chat template. */
  config: Record<string, unknown>;
}

/** Kinds of tokens in `tokenizer.ggml.token_type` (llama.h). */
const CONTROL = 3;
const USER_DEFINED = 4;
const BYTE = 6;

/**
 * How text is cut before byte-level BPE, by the name in `tokenizer.ggml.pre`; as in the tokenizer.json of the models
 * that the names stand for.
 */
const PRE_TOKENIZERS: Record<string, { digits?: true; split?: string; normaliser?: 'NFC'; ignoreMerges?: true }> = {
  default: {},
  'gpt-2': {},
  smollm: { digits: true },
  'llama-bpe': {
    split:
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ignoreMerges: true,
  },
  qwen2: {
    split:
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    normaliser: 'NFC',
  },
};

/**
 * Builds the tokenizer that a GGUF file describes by its vocabulary and merges.
 *
 * @throws AttuneError `model/tokenizer` for kinds that are not supported, by name, and for incomplete ones
 */
export function tokenizerFromGguf(metadata: Record<string, unknown>): TokenizerFiles {
  const kind = String(metadata['tokenizer.ggml.model'] ?? 'none');
  const tokens = metadata['tokenizer.ggml.tokens'] as string[] | undefined;
  if (!tokens) return refuse('without a vocabulary');
  if (kind !== 'gpt2' && kind !== 'llama') return refuse(`of the kind “${kind}”`);
  const types = (metadata['tokenizer.ggml.token_type'] as number[] | undefined) ?? [];
  const added = tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: types[id] === CONTROL,
          },
        ]
      : [],
  );
  const parts = kind === 'gpt2' ? byteLevel(metadata, tokens) : sentencePiece(metadata, tokens, types);
  const token = (name: string) => tokens[metadata[`tokenizer.ggml.${name}_token_id`] as number];
  const addsBos = metadata['tokenizer.ggml.add_bos_token'] ?? kind === 'llama';
  const bos = token('bos');
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      ...parts,
      post_processor:
        addsBos && bos !== undefined ? prependToken(bos, metadata['tokenizer.ggml.bos_token_id'] as number) : null,
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false,
      bos_token: bos,
      eos_token: token('eos'),
      unk_token: token('unknown'),
      pad_token: token('padding'),
      chat_template: metadata['tokenizer.chat_template'],
    },
  };
}

function byteLevel(metadata: Record<string, unknown>, tokens: string[]): Record<string, unknown> {
  const merges = metadata['tokenizer.ggml.merges'] as string[] | undefined;
  if (!merges) return refuse('without merges');
  const name = String(metadata['tokenizer.ggml.pre'] ?? 'default');
  const pre = PRE_TOKENIZERS[name];
  if (!pre) return refuse(`with the pre-tokenizer “${name}”`);
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: !pre.split };
  const before = pre.split
    ? { type: 'Split', pattern: { Regex: pre.split }, behavior: 'Isolated', invert: false }
    : { type: 'Digits', individual_digits: true };
  return {
    normalizer: pre.normaliser ? { type: pre.normaliser } : null,
    pre_tokenizer: pre.split || pre.digits ? { type: 'Sequence', pretokenizers: [before, bytes] } : bytes,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { ...bpe(tokens, merges), ignore_merges: pre.ignoreMerges ?? false },
  };
}

function sentencePiece(metadata: Record<string, unknown>, tokens: string[], types: number[]): Record<string, unknown> {
  const scores = metadata['tokenizer.ggml.scores'] as number[] | undefined;
  if (!scores) return refuse('without scores');
  const addsSpace = metadata['tokenizer.ggml.add_space_prefix'] ?? true;
  const toBlock = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const unknown = tokens[(metadata['tokenizer.ggml.unknown_token_id'] as number | undefined) ?? 0];
  return {
    normalizer: { type: 'Sequence', normalizers: addsSpace ? [{ type: 'Prepend', prepend: '▁' }, toBlock] : [toBlock] },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(addsSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      ...bpe(tokens, mergesFromScores(tokens, scores, types)),
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
    },
  };
}

/**
 * SentencePiece stores scores and no merges: every way to split a piece into two known pieces is a merge, and pieces of
 * higher score merge first.
 */
function mergesFromScores(tokens: string[], scores: number[], types: number[]): [string, string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: { left: string; right: string; score: number }[] = [];
  tokens.forEach((piece, id) => {
    if (types[id] === CONTROL || types[id] === BYTE) return;
    const splits: { left: string; right: string; score: number }[] = [];
    for (let at = 1; at < piece.length; at++) {
      const left = piece.slice(0, at);
      const right = piece.slice(at);
      if (ids.has(left) && ids.has(right)) splits.push({ left, right, score: scores[id]! });
    }
    splits.sort((x, y) => ids.get(x.left)! - ids.get(y.left)! || ids.get(x.right)! - ids.get(y.right)!);
    merges.push(...splits);
  });
  return merges.sort((x, y) => y.score - x.score).map(({ left, right }) => [left, right]);
}

function bpe(tokens: string[], merges: (string | [string, string])[]): Record<string, unknown> {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
}

function prependToken(token: string, id: number): Record<string, unknown> {
  const bos = { SpecialToken: { id: token, type_id: 0 } };
  const first = { Sequence: { id: 'A', type_id: 0 } };
  const second = { Sequence: { id: 'B', type_id: 1 } };
  return {
    type: 'TemplateProcessing',
    single: [bos, first],
    pair: [bos, first, { SpecialToken: { id: token, type_id: 1 } }, second],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

function refuse(what: string): never {
  throw new AttuneError(
    'model/tokenizer',
    `Models with a tokenizer ${what} cannot be run here.`,
    'Choose another file of the model, or the same model as a Hugging Face folder with its tokenizer.json.',
  );
}
