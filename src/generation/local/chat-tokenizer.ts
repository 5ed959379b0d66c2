import { PreTrainedTokenizer } from '@huggingface/transformers';
import type { TokenizerFiles } from '../../engine/formats/gguf-tokenizer.ts';
import type { ChatTurn } from '../contract.ts';

/** Tokens that end a turn in the templates of the supported families. */
const TURN_ENDS = ['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<|end_of_text|>', '<|endoftext|>', '</s>'];

/** For base models without a template of their own. */
const PLAIN_TEMPLATE =
  "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n\n{% endfor %}" +
  '{% if add_generation_prompt %}Assistant:{% endif %}';

/** A model's tokenizer and chat template, run by transformers.js. */
export class ChatTokenizer {
  /** Tokens after which an answer is over. */
  readonly stopTokens: ReadonlySet<number>;
  readonly #files: TokenizerFiles;
  #tokenizer: PreTrainedTokenizer;
  #controlTokens: RegExp | undefined;

  constructor(files: TokenizerFiles) {
    this.#files = files;
    const { tokenizer, config } = files;
    this.#tokenizer = new PreTrainedTokenizer(tokenizer, {
      ...config,
      chat_template: config['chat_template'] ?? PLAIN_TEMPLATE,
    });
    const added = (tokenizer['added_tokens'] ?? []) as { id: number; content: string; special: boolean }[];
    const special = added.filter((token) => token.special);
    const ends = [...TURN_ENDS, tokenText(config['eos_token'])];
    this.stopTokens = new Set(special.filter(({ content }) => ends.includes(content)).map(({ id }) => id));
    if (special.length > 0)
      this.#controlTokens = new RegExp(special.map(({ content }) => escape(content)).join('|'), 'g');
  }

  /** The conversation in the model's template, ready for the answer. */
  render(turns: readonly ChatTurn[]): string {
    const safe = turns.map(({ role, content }) => ({ role, content: this.#defuse(content) }));
    return this.#tokenizer.apply_chat_template(safe as never, {
      tokenize: false,
      add_generation_prompt: true,
    }) as string;
  }

  encodeChat(turns: readonly ChatTurn[]): number[] {
    return this.encode(this.render(turns));
  }

  /** Tokens of a text as it stands, nothing added. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false });
  }

  decode(tokens: readonly number[]): string {
    return tokens.length === 0 ? '' : this.#tokenizer.decode([...tokens], { skip_special_tokens: true });
  }

  /** All tokens by id as the vocabulary spells them, and how bytes are written in it. */
  vocabulary(): { tokens: string[]; kind: 'byte_level' | 'byte_fallback' } {
    const {
      model,
      added_tokens: added = [],
      decoder,
    } = this.#files.tokenizer as {
      model: { vocab: Record<string, number> };
      added_tokens?: { id: number; content: string }[];
      decoder?: unknown;
    };
    const tokens: string[] = [];
    for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
    for (const { id, content } of added) tokens[id] = content;
    const kind = JSON.stringify(decoder).includes('ByteLevel') ? 'byte_level' : 'byte_fallback';
    // Ids may have gaps.
    return { tokens: Array.from(tokens, (token) => token ?? ''), kind };
  }

  /**
   * A document that contains a control token, "<|im_start|>system" say, would otherwise speak with the system's voice.
   * A space after its first character leaves it readable and makes it plain text.
   */
  #defuse(content: string): string {
    return this.#controlTokens
      ? content.replace(this.#controlTokens, (token) => `${token[0]} ${token.slice(1)}`)
      : content;
  }
}

function tokenText(token: unknown): string {
  return typeof token === 'string' ? token : ((token as { content?: string } | undefined)?.content ?? '');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
