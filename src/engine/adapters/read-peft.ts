import { AttuneError } from '../../errors/attune-error.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import {
  loraScale,
  splitPath,
  type FullLinear,
  type LinearModule,
  type LoraAdapter,
  type LoraSettings,
  type LowRankPair,
} from './lora-adapter.ts';
import {
  isTargeted,
  parsePeftConfig,
  PEFT_CONFIG,
  PEFT_WEIGHTS,
  rankAndAlpha,
  type PeftConfig,
} from './peft-config.ts';

/** What an adapter is read for: names and sizes, no weights. */
export interface AdaptableModel {
  /** For messages. */
  name: string;
  /** All linear layers of its blocks, paths as in the plain model (`encoder.layer.0…`, `model.layers.0…`). */
  modules: readonly LinearModule[];
  /** Modules that an adapter may bring along whole, such as a scoring head. */
  full?: readonly LinearModule[];
}

/**
 * Reads a PEFT adapter, trained anywhere. Differing ranks and alphas (`rank_pattern`, `alpha_pattern`) are folded into
 * B, so that one scale holds for all pairs.
 *
 * @param json the parsed `adapter_config.json`
 * @param weights `adapter_model.safetensors` in F32, F16 or BF16
 * @throws AttuneError of {@link parsePeftConfig}; `models/bad-safetensors`; `adapters/unknown-module`,
 *   `adapters/missing-tensor`, `adapters/wrong-shape`, `adapters/not-targeted` naming the tensor and what was expected
 */
export async function readPeft(json: unknown, weights: Blob, model: AdaptableModel): Promise<LoraAdapter> {
  const config = parsePeftConfig(json);
  const file = await SafetensorsFile.open(weights, PEFT_WEIGHTS);
  const found = sortTensors(file, model);
  if (found.pairs.size === 0 && found.full.size === 0) {
    throw misfit('missing-tensor', `${PEFT_WEIGHTS} holds no tensor of an adapter`);
  }
  refuseMissing(config, found, model);
  const settings = settingsOf(config, [...found.pairs.values()], model);
  const scale = loraScale(settings);
  const pairs = new Map<string, LowRankPair>();
  for (const [module, tensors] of inModelOrder(model.modules, found.pairs)) {
    const { path, inFeatures, outFeatures } = module;
    const { rank, alpha } = rankAndAlpha(config, tensors.key);
    const a = await readTensor(file, tensors.a, tensors.key, 'lora_A.weight', [rank, inFeatures]);
    const b = await readTensor(file, tensors.b, tensors.key, 'lora_B.weight', [outFeatures, rank]);
    const own = loraScale({ ...settings, rank, alpha });
    if (own !== scale) for (let i = 0; i < b.length; i++) b[i]! *= own / scale;
    pairs.set(path, { rank, inFeatures, outFeatures, a, b });
  }
  const full = new Map<string, FullLinear>();
  for (const [module, tensors] of inModelOrder(model.full ?? [], found.full)) {
    const { path, inFeatures, outFeatures } = module;
    const weight = await readTensor(file, tensors.weight, tensors.key, 'weight', [outFeatures, inFeatures]);
    const bias = await readTensor(file, tensors.bias, tensors.key, 'bias', [outFeatures]);
    full.set(path, { inFeatures, outFeatures, weight, bias });
  }
  return { settings, pairs, full };
}

/** Tensors of one module by their role, under the module's path in the Python model. */
interface Tensors {
  key: string;
  path: string;
  a?: string;
  b?: string;
  weight?: string;
  bias?: string;
}

interface Sorted {
  pairs: Map<string, Tensors>;
  full: Map<string, Tensors>;
}

/** `base_model.model.` + path + role; raw state dictionaries have the adapter's name in it as well. */
const TENSOR =
  /^(?:base_model\.model\.)?(.+?)\.(?:lora_([AB])(?:\.\w+)?\.weight|(?:modules_to_save\.\w+\.)?(weight|bias))$/;

function sortTensors(file: SafetensorsFile, model: AdaptableModel): Sorted {
  const sorted: Sorted = { pairs: new Map(), full: new Map() };
  const paths = pathFinder(model.modules);
  const fullPaths = pathFinder(model.full ?? []);
  for (const name of file.tensors.keys()) {
    const [, key, lora, plain] = TENSOR.exec(name) ?? [];
    const path = key && (lora ? paths(key) : fullPaths(key));
    if (!path) {
      const known = [...new Set(model.modules.map((module) => splitPath(module.path).name))].join(', ');
      throw misfit(
        'unknown-module',
        `its tensor ${name} belongs to no layer of ${model.name} that can be adapted (${known})`,
      );
    }
    const into = lora ? sorted.pairs : sorted.full;
    const tensors = into.get(path) ?? { key, path };
    tensors[lora ? (lora.toLowerCase() as 'a' | 'b') : (plain as 'weight' | 'bias')] = name;
    into.set(path, tensors);
  }
  return sorted;
}

/**
 * Finds the path in the plain model of a module of whatever class PEFT wrapped: with more in front (`bert.encoder…` for
 * `encoder…`) or less (`layers.0…` for `model.layers.0…`).
 */
function pathFinder(modules: readonly LinearModule[]): (key: string) => string | undefined {
  const paths = new Map(modules.map(({ path }) => [path, path]));
  for (const { path } of modules) {
    const shorter = path.slice(path.indexOf('.') + 1);
    if (!paths.has(shorter)) paths.set(shorter, path);
  }
  return (key) => {
    for (let rest = key; ; rest = rest.slice(rest.indexOf('.') + 1)) {
      const path = paths.get(rest);
      if (path || !rest.includes('.')) return path;
    }
  };
}

/** What the configuration names has to be in the file, and the other way round: PEFT would leave it out silently. */
function refuseMissing(config: PeftConfig, found: Sorted, model: AdaptableModel): void {
  for (const { key } of found.pairs.values()) {
    if (!isTargeted(config, key)) {
      throw misfit(
        'not-targeted',
        `it holds matrices for ${key}, which target_modules in ${PEFT_CONFIG} does not name`,
      );
    }
  }
  const [sample] = found.pairs.values();
  for (const { path } of sample && config.target_modules ? model.modules : []) {
    // The same wrapping as of a module that is there.
    const key = sample!.key.endsWith(sample!.path)
      ? sample!.key.slice(0, -sample!.path.length) + path
      : path.slice(sample!.path.length - sample!.key.length);
    if (!found.pairs.has(path) && isTargeted(config, key)) {
      throw misfit('missing-tensor', `${PEFT_CONFIG} names ${key}, and the file has no ${key}.lora_A.weight`);
    }
  }
  for (const name of config.modules_to_save ?? []) {
    const saved = [...found.full.values()].some(({ key }) => `.${key}.`.includes(`.${name}.`));
    // PEFT lists the heads of every class (`classifier`, `score`); a model has one of them.
    const known = (model.full ?? []).some(({ path }) => `.${path}.`.includes(`.${name}.`));
    if (known && !saved)
      throw misfit('missing-tensor', `${PEFT_CONFIG} saves ${name}, and the file has no ${name}.weight`);
  }
}

async function readTensor(
  file: SafetensorsFile,
  name: string | undefined,
  key: string,
  role: string,
  shape: number[],
): Promise<Float32Array<ArrayBuffer>> {
  if (!name) throw misfit('missing-tensor', `it has no tensor ${key}.${role} of the shape [${shape.join(', ')}]`);
  const actual = file.entry(name).shape;
  if (actual.join() !== shape.join()) {
    throw misfit(
      'wrong-shape',
      `its tensor ${name} has the shape [${actual.join(', ')}], expected was [${shape.join(', ')}]`,
    );
  }
  return (await file.float32(name)) as Float32Array<ArrayBuffer>;
}

function settingsOf(config: PeftConfig, found: readonly Tensors[], model: AdaptableModel): LoraSettings {
  const places = found.map(({ path }) => splitPath(path));
  const blocks = 1 + Math.max(-1, ...model.modules.map(({ path }) => splitPath(path).block ?? -1));
  const lowest = Math.min(blocks, ...places.map(({ block }) => block ?? 0));
  const order = [...new Set(model.modules.map(({ path }) => splitPath(path).name))];
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    rankStabilised: config.use_rslora,
    dropout: config.lora_dropout,
    targets: order.filter((name) => places.some((place) => place.name === name)),
    ...(lowest > 0 && lowest < blocks ? { topBlocks: blocks - lowest } : {}),
  };
}

function* inModelOrder<T>(modules: readonly LinearModule[], found: Map<string, T>): Generator<[LinearModule, T]> {
  for (const module of modules) {
    const tensors = found.get(module.path);
    if (tensors) yield [module, tensors];
  }
}

function misfit(code: string, what: string): AttuneError {
  return new AttuneError(
    `adapters/${code}`,
    `The adapter does not fit: ${what}.`,
    'Choose the base model that it was trained on, or an adapter that was trained on this one.',
  );
}
