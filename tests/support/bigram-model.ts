import { Graph } from '../../src/engine/graph/graph.ts';
import { concat, gather } from '../../src/engine/graph/ops/layout.ts';
import type { PickedFile } from '../../src/models/recognise.ts';

const WORDS = ['<unk>', '<end>', '<user>', '<assistant>', 'the', 'cat', 'sat', 'on', 'mat', 'again'];
/** After each word the one that follows; "again" follows itself for ever. */
const FOLLOWS: Record<string, string> = {
  '<assistant>': 'the',
  the: 'cat',
  cat: 'sat',
  sat: 'on',
  on: 'mat',
  mat: '<end>',
  again: 'again',
};

/**
 * A stand-in for a language model, in the layout of one: an ONNX decoder with a key-value cache whose next word depends
 * on the last word alone, so that what it must say is known. Real files for the real loader, tokenizer and `generate`.
 *
 * @param first the word after "<assistant>".
 */
export function bigramModel(name: string, first = 'the'): PickedFile[] {
  const json = (path: string, value: object) => ({ path: `${name}/${path}`, blob: new Blob([JSON.stringify(value)]) });
  return [
    json('config.json', {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      vocab_size: WORDS.length,
      hidden_size: 4,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      head_dim: 4,
      max_position_embeddings: 64,
      bos_token_id: null,
      eos_token_id: 1,
      pad_token_id: 1,
    }),
    json('tokenizer.json', {
      version: '1.0',
      added_tokens: WORDS.slice(0, 4).map((content, id) => ({
        id,
        content,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      })),
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])), unk_token: '<unk>' },
    }),
    json('tokenizer_config.json', {
      tokenizer_class: 'PreTrainedTokenizerFast',
      unk_token: '<unk>',
      eos_token: '<end>',
      chat_template:
        "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }} {% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
    }),
    { path: `${name}/onnx/model.onnx`, blob: new Blob([decoder(first) as Uint8Array<ArrayBuffer>]) },
  ];
}

/** input_ids [B, T] -> logits [B, T, V]; the cache grows by zeros, as its length is all that is read of it. */
function decoder(first: string): Uint8Array {
  const size = WORDS.length;
  const follows: Record<string, string> = { ...FOLLOWS, '<assistant>': first };
  const table = WORDS.flatMap((word) => WORDS.map((next) => (follows[word] === next ? 10 : 0)));
  const graph = new Graph('bigram');
  const ids = graph.input('input_ids', 'int64', ['B', 'T']);
  graph.output(gather(graph.constant(table, [size, size]), ids), 'logits');
  const vectors = gather(graph.constant(new Array<number>(size * 4).fill(0), [size, 4]), ids);
  const added = graph.emit('Unsqueeze', [vectors, graph.ints([1])], 'float32', ['B', 1, 'T', 4]);
  for (const part of ['key', 'value']) {
    const past = graph.input(`past_key_values.0.${part}`, 'float32', ['B', 1, 'S', 4]);
    graph.output(concat([past, added], 2), `present.0.${part}`);
  }
  return graph.build().bytes;
}
