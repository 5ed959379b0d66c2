import { toFloat16 } from '../formats/float16.ts';
import { writeSafetensors, type SafetensorsTensor } from '../formats/safetensors-writer.ts';
import { loraScale, splitPath, type LoraAdapter, type LoraSettings } from './lora-adapter.ts';

export interface PeftOptions {
  /** Name of the base model, written as `base_model_name_or_path`. */
  baseModel: string;
  /** What PEFT wraps it as. */
  task: 'FEATURE_EXTRACTION' | 'SEQ_CLS' | 'CAUSAL_LM';
  dtype: 'F32' | 'F16';
}

/** Both files of a PEFT folder. */
interface PeftFiles {
  config: string;
  weights: Blob;
}

/** Writes an adapter so that Python's PEFT loads it into the class that its module paths are of. */
export function writePeft(adapter: LoraAdapter, { baseModel, task, dtype }: PeftOptions): PeftFiles {
  const { settings, pairs, full } = adapter;
  const tensors: SafetensorsTensor[] = [];
  const add = (name: string, shape: number[], data: Float32Array<ArrayBuffer>): void => {
    const stored = dtype === 'F16' ? Uint16Array.from(data, toFloat16) : data;
    tensors.push({ name: `base_model.model.${name}`, dtype, shape, data: stored });
  };
  for (const [path, { rank, inFeatures, outFeatures, a, b }] of pairs) {
    add(`${path}.lora_A.weight`, [rank, inFeatures], a);
    add(`${path}.lora_B.weight`, [outFeatures, rank], b);
  }
  for (const [path, { weight, bias, inFeatures, outFeatures }] of full) {
    add(`${path}.weight`, [outFeatures, inFeatures], weight);
    add(`${path}.bias`, [outFeatures], bias);
  }
  // Where a pair has a rank of its own, its alpha has to keep the one scale.
  const odd = [...pairs].filter(([, { rank }]) => rank !== settings.rank);
  const scale = loraScale(settings);
  const alphaOf = (rank: number) => scale * (settings.rankStabilised ? Math.sqrt(rank) : rank);
  const config = {
    peft_type: 'LORA',
    task_type: task,
    base_model_name_or_path: baseModel,
    inference_mode: true,
    r: settings.rank,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    use_rslora: settings.rankStabilised,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    target_modules: targetModules(settings, [...pairs.keys()]),
    modules_to_save: full.size > 0 ? [...full.keys()] : null,
    rank_pattern: Object.fromEntries(odd.map(([path, { rank }]) => [path, rank])),
    alpha_pattern: Object.fromEntries(odd.map(([path, { rank }]) => [path, alphaOf(rank)])),
  };
  return { config: `${JSON.stringify(config, null, 2)}\n`, weights: writeSafetensors(tensors) };
}

/**
 * Short names where they mean these modules and no others, whole paths otherwise: PEFT matches by the ends of paths, and
 * `output.dense` is also the end of `attention.output.dense`.
 */
function targetModules({ topBlocks }: LoraSettings, paths: string[]): string[] {
  const blocks = new Map<number | undefined, string[]>();
  for (const path of paths) {
    const { block, name } = splitPath(path);
    blocks.set(block, [...(blocks.get(block) ?? []), name]);
  }
  const [first = []] = blocks.values();
  const regular = [...blocks.values()].every((names) => names.join() === first.join());
  const ambiguous = first.includes('output.dense') && !first.includes('attention.output.dense');
  return topBlocks === undefined && regular && !ambiguous ? first : paths;
}
