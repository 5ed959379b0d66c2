import { AttuneError } from '../../errors/attune-error.ts';
import type { SafetensorsFile } from '../formats/safetensors.ts';
import type { LazySafetensorsTensor } from '../formats/safetensors-writer.ts';
import type { LoraAdapter } from './lora-adapter.ts';
import { Merger, type MergedModel, type MergedType } from './merge.ts';

const FLOATS = new Set(['F32', 'F16', 'BF16']);

/**
 * An encoder with an adapter in its weights: the same tensors as the base file, or, where the adapter brings a scoring
 * head, a `BertForSequenceClassification` with one label.
 *
 * @param config the base's `config.json`
 * @throws AttuneError `adapters/wrong-shape`, `adapters/unknown-module`; `adapters/no-merge` for a head on other families
 *   than BERT
 */
export function mergeBert(
  file: SafetensorsFile,
  config: Record<string, unknown>,
  adapter: LoraAdapter,
  dtype: MergedType,
): MergedModel {
  const [head] = adapter.full.keys();
  if (head && config.model_type !== 'bert') {
    throw new AttuneError(
      'adapters/no-merge',
      `The adapter has a scoring head (${head}), and its base is of the type ${String(config.model_type)}.`,
      'Export the adapter as PEFT; only rankers on BERT models can be merged.',
    );
  }
  const plain = (path: string) => path.replace(/^(bert|roberta)\./, '');
  const merger = new Merger(adapter, dtype, plain);
  const whole = [...adapter.full].flatMap(([path, { weight, bias, inFeatures, outFeatures }]) => [
    merger.whole(`${path}.weight`, [outFeatures, inFeatures], weight),
    merger.whole(`${path}.bias`, [outFeatures], bias),
  ]);
  const replaced = new Set(whole.map(({ name }) => name));
  const base = [...file.tensors].flatMap(([name, { dtype: stored, shape }]): LazySafetensorsTensor[] => {
    const target = head ? `bert.${plain(name)}` : name;
    if (replaced.has(target)) return [];
    if (!FLOATS.has(stored)) return [{ name: target, dtype: stored, shape, data: () => file.bytes(name) }];
    const read = async () => (await file.float32(name)) as Float32Array<ArrayBuffer>;
    return [merger.tensor(plain(name), target, shape, read)];
  });
  merger.finish();
  const { torch_dtype: _, dtype: __, ...rest } = config;
  const scoring = {
    architectures: ['BertForSequenceClassification'],
    id2label: { 0: 'SCORE' },
    label2id: { SCORE: 0 },
  };
  return {
    config: { ...rest, ...(head && scoring), torch_dtype: dtype === 'F16' ? 'float16' : 'float32' },
    tensors: [...base, ...whole],
  };
}
