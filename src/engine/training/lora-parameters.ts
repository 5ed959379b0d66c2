import { AttuneError } from '../../errors/attune-error.ts';
import {
  splitPath,
  type FullLinear,
  type LinearModule,
  type LoraAdapter,
  type LoraSettings,
  type LowRankPair,
} from '../adapters/lora-adapter.ts';
import { seededRandom } from './random.ts';
import type { Parameter } from './trainable.ts';

export type { LinearModule };

interface PairParameters {
  /** [rank, in] */
  a: Parameter;
  /** [out, rank] */
  b: Parameter;
}

export interface FullParameters {
  /** [out, in] */
  weight: Parameter;
  /** [out] */
  bias: Parameter;
}

/**
 * The trained tensors of an adapter: as parameters for the optimiser, by module for the graphs, and as the adapter that
 * is saved. All three share the same arrays.
 */
export class LoraParameters {
  /** In the order of the modules, A before B; then the modules trained in full. */
  readonly parameters: readonly Parameter[];
  readonly adapter: LoraAdapter;
  readonly #pairs = new Map<string, PairParameters>();
  readonly #full = new Map<string, FullParameters>();

  constructor(adapter: LoraAdapter) {
    this.adapter = adapter;
    const parameters: Parameter[] = [];
    const add = (name: string, shape: number[], data: Float32Array<ArrayBuffer>): Parameter => {
      const parameter = { name, shape, data, gradient: new Float32Array(data.length) };
      parameters.push(parameter);
      return parameter;
    };
    for (const [path, { rank, inFeatures, outFeatures, a, b }] of adapter.pairs) {
      this.#pairs.set(path, {
        a: add(`${path}.lora_A.weight`, [rank, inFeatures], a),
        b: add(`${path}.lora_B.weight`, [outFeatures, rank], b),
      });
    }
    for (const [path, { weight, bias, inFeatures, outFeatures }] of adapter.full) {
      this.#full.set(path, {
        weight: add(`${path}.weight`, [outFeatures, inFeatures], weight),
        bias: add(`${path}.bias`, [outFeatures], bias),
      });
    }
    this.parameters = parameters;
  }

  /** Undefined where the module is not adapted. */
  pair(path: string): PairParameters | undefined {
    return this.#pairs.get(path);
  }

  full(path: string): FullParameters | undefined {
    return this.#full.get(path);
  }
}

/**
 * A new adapter: zero B, so that it begins as the base model, and A uniform in ±1/√in, which is what PEFT's
 * `kaiming_uniform_(a=√5)` (He et al. 2015) comes to. Modules trained in full begin like PyTorch's `Linear`: weight and
 * bias uniform in ±1/√in.
 *
 * @param modules all linear layers of the model; those that the settings name are adapted
 * @param full modules trained in full
 * @throws AttuneError `training/no-target` when a target is no layer of the model
 */
export function createLoraParameters(
  modules: readonly LinearModule[],
  settings: LoraSettings,
  seed: number,
  full: readonly LinearModule[] = [],
): LoraParameters {
  let position = 0;
  const uniform = (length: number, inFeatures: number) => {
    const random = seededRandom(seed, 0, position++);
    const bound = 1 / Math.sqrt(inFeatures);
    return Float32Array.from({ length }, () => (2 * random() - 1) * bound);
  };
  const { rank } = settings;
  const pairs = new Map<string, LowRankPair>();
  for (const { path, inFeatures, outFeatures } of adaptedModules(modules, settings)) {
    const a = uniform(rank * inFeatures, inFeatures);
    pairs.set(path, { rank, inFeatures, outFeatures, a, b: new Float32Array(outFeatures * rank) });
  }
  const whole = new Map<string, FullLinear>();
  for (const { path, inFeatures, outFeatures } of full) {
    const weight = uniform(outFeatures * inFeatures, inFeatures);
    whole.set(path, { inFeatures, outFeatures, weight, bias: uniform(outFeatures, inFeatures) });
  }
  return new LoraParameters({ settings, pairs, full: whole });
}

/** The modules that the settings name, in the model's order. @throws AttuneError `training/no-target` */
function adaptedModules(modules: readonly LinearModule[], settings: LoraSettings): LinearModule[] {
  const placed = modules.map((module) => ({ module, ...splitPath(module.path) }));
  for (const target of settings.targets) {
    if (placed.some(({ name }) => name === target)) continue;
    const names = [...new Set(placed.map(({ name }) => name))].join(', ');
    throw new AttuneError(
      'training/no-target',
      `The model has no linear layer named ${target} to tune.`,
      `Choose among ${names}.`,
    );
  }
  const blocks = 1 + Math.max(-1, ...placed.map(({ block }) => block ?? -1));
  const first = settings.topBlocks === undefined ? 0 : Math.max(0, blocks - settings.topBlocks);
  return placed
    .filter(({ name, block }) => settings.targets.includes(name) && (block === undefined || block >= first))
    .map(({ module }) => module);
}
