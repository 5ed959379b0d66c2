import * as v from 'valibot';
import { AttuneError } from '../../errors/attune-error.ts';

/** The two files of a PEFT folder. */
export const PEFT_CONFIG = 'adapter_config.json';
export const PEFT_WEIGHTS = 'adapter_model.safetensors';

const names = v.union([v.string(), v.array(v.string())]);
const counts = v.record(v.string(), v.number());

/** The part of PEFT's `adapter_config.json` (`LoraConfig`) that says what is computed; the rest is left alone. */
const ConfigSchema = v.looseObject({
  peft_type: v.string(),
  r: v.optional(v.number(), 8),
  lora_alpha: v.optional(v.number(), 8),
  lora_dropout: v.optional(v.number(), 0),
  use_rslora: v.optional(v.boolean(), false),
  bias: v.optional(v.string(), 'none'),
  target_modules: v.nullish(names),
  exclude_modules: v.nullish(names),
  layers_to_transform: v.nullish(v.union([v.number(), v.array(v.number())])),
  layers_pattern: v.nullish(names),
  modules_to_save: v.nullish(v.array(v.string())),
  rank_pattern: v.nullish(counts),
  alpha_pattern: v.nullish(counts),
  base_model_name_or_path: v.nullish(v.string()),
});

export type PeftConfig = v.InferOutput<typeof ConfigSchema>;

/** Settings that compute something else than W + scale·B·A, with what they mean. */
const UNSUPPORTED: Record<string, string> = {
  use_dora: 'weights decomposed into length and direction (DoRA)',
  lora_bias: 'a bias in the low-rank path',
  fan_in_fan_out: 'transposed weights (fan_in_fan_out)',
  target_parameters: 'parameters that belong to no linear layer (target_parameters)',
  trainable_token_indices: 'trained token embeddings',
  layer_replication: 'replicated layers',
  use_qalora: 'grouped inputs (QA-LoRA)',
  alora_invocation_tokens: 'activation by tokens of the prompt (aLoRA)',
  use_bdlora: 'block-diagonal matrices (BD-LoRA)',
  arrow_config: 'a router over several adapters (Arrow)',
  kasa_config: 'singular values of the base (KaSA)',
  monteclora_config: 'sampled matrices (MonteCLoRA)',
  megatron_config: 'layers of Megatron',
};

/** Initialisations that change the base model's own weights, which an adapter file does not bring along. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/;

/**
 * @param json the parsed `adapter_config.json`
 * @throws AttuneError `adapters/bad-config` when a field is malformed; `adapters/unsupported` for other kinds of
 *   adapters than plain LoRA, by name
 */
export function parsePeftConfig(json: unknown): PeftConfig {
  const parsed = v.safeParse(ConfigSchema, json);
  if (!parsed.success) {
    const { message, path } = parsed.issues[0];
    const where = path ? ` at ${v.getDotPath(parsed.issues[0])}` : '';
    throw new AttuneError(
      'adapters/bad-config',
      `adapter_config.json is not a PEFT configuration: ${message}${where}.`,
      'Choose the folder that PEFT’s save_pretrained wrote, with its adapter_config.json as it is.',
    );
  }
  const config = parsed.output;
  if (config.peft_type !== 'LORA') throw unsupported(`is of the kind ${config.peft_type}`);
  for (const [key, meaning] of Object.entries(UNSUPPORTED)) {
    if (isSet(config[key])) throw unsupported(`uses ${meaning}`);
  }
  if (config.bias !== 'none') throw unsupported(`trains the biases of the base (bias: ${config.bias})`);
  const start = config.init_lora_weights;
  if (typeof start === 'string' && CHANGES_BASE.test(start)) {
    throw unsupported(`changes the weights of the base at its start (init_lora_weights: ${start})`);
  }
  if (!Number.isInteger(config.r) || config.r < 1) throw unsupported(`has the rank ${config.r}`);
  return config;
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false;
}

function unsupported(what: string): AttuneError {
  return new AttuneError(
    'adapters/unsupported',
    `The adapter ${what}; only plain LoRA is supported.`,
    'Merge it into its base in Python and add the merged model, or train a plain LoRA adapter.',
  );
}

/**
 * Whether PEFT would put an adapter on a module, by the rules of its `check_target_module_exists`.
 *
 * @param key the module's path in the Python model
 */
export function isTargeted(config: PeftConfig, key: string): boolean {
  const { target_modules: targets, layers_to_transform: layers, layers_pattern: pattern } = config;
  if (config.exclude_modules && matches(config.exclude_modules, key)) return false;
  if (!targets) return true;
  // PEFT's shorthand takes every linear layer but the head, which is no module of ours.
  if (targets === 'all-linear') return true;
  if (!matches(targets, key)) return false;
  if (typeof targets === 'string' || targets.includes(key)) return true;
  const chosen = typeof layers === 'number' ? [layers] : (layers ?? []);
  if (chosen.length === 0) return true;
  const patterns = typeof pattern === 'string' ? [pattern] : (pattern ?? []);
  const block =
    patterns.length === 0
      ? /^.*?\.[^.]*\.(\d+)\./.exec(key)
      : patterns.map((name) => expression(`(?:^|.*?\\.)${name}\\.(\\d+)\\.`).exec(key)).find((found) => found !== null);
  return block ? chosen.includes(Number(block[1])) : false;
}

/** A list is matched by the ends of paths, a string is a regular expression over the whole path. */
function matches(targets: string | string[], key: string): boolean {
  if (typeof targets === 'string') return expression(`(?:${targets})$`).test(key);
  return targets.some((target) => key === target || key.endsWith(`.${target}`));
}

/** Rank and alpha of a module; patterns are regular expressions over the end of its path. */
export function rankAndAlpha(config: PeftConfig, key: string): { rank: number; alpha: number } {
  const find = (patterns: Record<string, number> | null | undefined) =>
    Object.entries(patterns ?? {}).find(([pattern]) => expression(`(?:.*\\.)?(?:${pattern})$`).test(key))?.[1];
  return { rank: find(config.rank_pattern) ?? config.r, alpha: find(config.alpha_pattern) ?? config.lora_alpha };
}

/** Python's `re.match`: from the beginning. */
function expression(source: string): RegExp {
  try {
    return new RegExp(`^${source}`);
  } catch (cause) {
    throw new AttuneError(
      'adapters/bad-config',
      `adapter_config.json holds the regular expression “${source}”, which cannot be read here.`,
      'List the names of the layers instead.',
      { cause },
    );
  }
}
