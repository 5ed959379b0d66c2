import type { SafetensorsFile } from '../../formats/safetensors.ts';
import type { NormWeights } from './weights.ts';

/** Paths within a `BertForSequenceClassification`, which is what Transformers and PEFT load a reranker as. */
export const CLASSIFIER_PREFIX = 'bert.';
export const CLASSIFIER = 'classifier';

/**
 * The pooler between encoder and classifier, tanh(W·h + b) of the first token's vector h: weight [hidden, hidden]. It
 * stays frozen.
 *
 * @returns undefined where the file has none
 */
export async function readPooler(file: SafetensorsFile): Promise<NormWeights | undefined> {
  const name = [...file.tensors.keys()].find((key) => /(^|\.)pooler\.dense\.weight$/.test(key));
  if (!name) return undefined;
  const [weight, bias] = await Promise.all([file.float32(name), file.float32(name.replace(/weight$/, 'bias'))]);
  return { weight, bias };
}
