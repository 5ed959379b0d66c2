import { loraScale, type LoraAdapter, type LoraSettings } from '../../../adapters/lora-adapter.ts';
import { TensorPool } from '../../../resident/pool.ts';
import type { ResidentRuntime, ResidentTensor } from '../../../resident/resident.ts';
import type { CausalBatch } from '../../../training/batches.ts';
import { createLoraParameters, LoraParameters } from '../../../training/lora-parameters.ts';
import type { LossReport, Parameter, Trainable } from '../../../training/trainable.ts';
import { LLAMA_LINEARS } from '../adapter.ts';
import { llamaModulePath, llamaModules, llamaTarget } from '../lora.ts';
import { ropeFrequencies } from '../rope.ts';
import type { LoadedLlama } from '../weights.ts';
import type { KeptValues } from './block.ts';
import { loraMatrices } from './block-kind.ts';
import { Blocks, type Tensors } from './blocks.ts';
import { attentionMask, layOut, type CausalLayout, type LossMean } from './causal-layout.ts';
import type { FrozenWeights } from './frozen-matrix.ts';
import { HeadRunner } from './head-runner.ts';
import { PoolScope } from './pool-scope.ts';

export interface GeneratorTrainerOptions {
  loaded: LoadedLlama;
  runtime: ResidentRuntime;
  /** Names of linears as `llamaTarget` gives them: `self_attn.q_proj`, `mlp.gate_proj`. */
  lora: LoraSettings;
  /** Starts the low-rank matrices. */
  seed: number;
  /** Trained on instead of new matrices; its settings are those of `lora`. */
  adapter?: LoraAdapter;
  /** How frozen weights lie in memory; absent: `float32`, the fastest. */
  weights?: FrozenWeights;
  /** Bytes for what blocks keep for the backward run; beyond it they compute it again. Absent: 1 GiB. */
  memoryBudget?: number;
  /** Absent: every sequence counts the same. */
  lossMean?: LossMean;
  /** Lets short examples share a row. */
  packing?: boolean;
}

export interface GeneratorTrainer extends Trainable<CausalBatch> {
  adapter(): LoraAdapter;
  /** -log p of every token that has a loss, in the order of the batch, without dropout. */
  tokenLosses(batch: CausalBatch, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
}

/** Memory of a chunk's logits. */
const LOGIT_BYTES = 64 * 2 ** 20;

/**
 * Trains low-rank adapters of a Llama model on token sequences (Hu et al. 2021), the frozen weights quantised as they
 * serve where that is wanted (Dettmers et al. 2023).
 *
 * @throws AttuneError `training/no-target`, `engine/out-of-memory`, `engine/load-failed`
 */
export async function createGeneratorTrainer(options: GeneratorTrainerOptions): Promise<GeneratorTrainer> {
  const { loaded, runtime, lora, seed, adapter, weights = 'float32' } = options;
  const parameters = adapter
    ? new LoraParameters(adapter)
    : createLoraParameters(llamaModules(loaded.config), lora, seed);
  const firstAdapted = Math.max(0, loaded.config.layers - (lora.topBlocks ?? loaded.config.layers));
  const targets = LLAMA_LINEARS.filter((linear) => lora.targets.includes(llamaTarget(linear)));
  const head = await HeadRunner.create(loaded, runtime, weights, LOGIT_BYTES);
  const blocks = new Blocks(loaded, runtime, { weights, targets, rank: lora.rank, firstAdapted });
  return new LlamaTrainer(options, parameters, blocks, head, firstAdapted);
}

/** What a block's forward run leaves for its backward run. */
interface Trace {
  x: ResidentTensor;
  kept: Tensors;
  values: KeptValues;
}

class LlamaTrainer implements GeneratorTrainer {
  readonly parameters: readonly Parameter[];
  readonly #options: GeneratorTrainerOptions;
  readonly #lora: LoraParameters;
  readonly #blocks: Blocks;
  readonly #head: HeadRunner;
  readonly #firstAdapted: number;
  readonly #pool: TensorPool;
  #stale = true;

  constructor(
    options: GeneratorTrainerOptions,
    lora: LoraParameters,
    blocks: Blocks,
    head: HeadRunner,
    firstAdapted: number,
  ) {
    this.#options = options;
    this.#lora = lora;
    this.#blocks = blocks;
    this.#head = head;
    this.#firstAdapted = firstAdapted;
    this.#pool = new TensorPool(options.runtime);
    this.parameters = lora.parameters;
  }

  get memoryBytes(): number {
    return this.#blocks.weightBytes + this.#head.weightBytes + this.#pool.bytes;
  }

  adapter(): LoraAdapter {
    return this.#lora.adapter;
  }

  parametersChanged(): void {
    this.#stale = true;
  }

  async accumulate(batch: CausalBatch, weight: number, _seed: number, signal?: AbortSignal): Promise<LossReport> {
    return this.#inScope(async (scope) => {
      const layout = this.#layOut(batch);
      const shared = this.#shared(layout, scope);
      const { y, traces } = await this.#forward(layout, shared, scope, true, signal);
      const { losses, gradient } = await this.#head.run(await numbers(y), layout.loss, weight, signal);
      scope.give(y);
      const dy = scope.take([layout.rows * layout.length, this.#options.loaded.config.hidden]);
      dy.write(gradient!);
      await this.#backward(layout, shared, traces, dy, scope, signal);
      return report(layout, losses);
    });
  }

  async evaluate(batch: CausalBatch, signal?: AbortSignal): Promise<LossReport> {
    const layout = this.#layOut(batch);
    return report(layout, await this.#losses(layout, signal));
  }

  async tokenLosses(batch: CausalBatch, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    return this.#losses(this.#layOut(batch), signal);
  }

  async dispose(): Promise<void> {
    await this.#blocks.dispose();
    await this.#head.dispose();
    this.#pool.dispose();
  }

  async #losses(layout: CausalLayout, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    return this.#inScope(async (scope) => {
      const { y } = await this.#forward(layout, this.#shared(layout, scope), scope, false, signal);
      return (await this.#head.run(await numbers(y), layout.loss, undefined, signal)).losses;
    });
  }

  #layOut(batch: CausalBatch): CausalLayout {
    return layOut(batch, this.#options.lossMean ?? 'example', this.#options.packing ?? false);
  }

  async #inScope<T>(run: (scope: PoolScope) => Promise<T>): Promise<T> {
    const scope = new PoolScope(this.#pool);
    try {
      return await run(scope);
    } finally {
      scope.end();
    }
  }

  async #forward(layout: CausalLayout, shared: Tensors, scope: PoolScope, traced: boolean, signal?: AbortSignal) {
    if (this.#stale) this.#writeParameters();
    const kept = traced ? this.#plan(layout) : [];
    const traces = new Map<number, Trace>();
    let x: ResidentTensor = this.#embed(layout, scope);
    for (let layer = 0; layer < this.#blocks.count; layer++) {
      signal?.throwIfAborted();
      const values = kept[layer] ?? 'nothing';
      const result = await this.#blocks.forward(layer, x, shared, values, layout, scope);
      if (traced && layer >= this.#firstAdapted) traces.set(layer, { x, kept: result.kept, values });
      else scope.give(x);
      x = result.y;
    }
    return { y: x, traces };
  }

  async #backward(
    layout: CausalLayout,
    shared: Tensors,
    traces: ReadonlyMap<number, Trace>,
    upstream: ResidentTensor,
    scope: PoolScope,
    signal?: AbortSignal,
  ): Promise<void> {
    let dy = upstream;
    const gradients = new Map<number, ResidentTensor>();
    for (let layer = this.#blocks.count - 1; layer >= this.#firstAdapted; layer--) {
      signal?.throwIfAborted();
      const { x, kept, values } = traces.get(layer)!;
      const wantsInput = layer > this.#firstAdapted;
      const result = await this.#blocks.backward(layer, { x, kept, dy }, shared, values, layout, scope, wantsInput);
      scope.give(x, dy, ...kept.values());
      gradients.set(layer, result.gradients);
      if (result.dx) dy = result.dx;
    }
    // Read at the end, so that a GPU is not waited for in every block.
    for (const [layer, tensor] of gradients) this.#addGradients(layer, await numbers(tensor));
  }

  /** The blocks that the budget lets keep their values: the last ones first, for they give them back first. */
  #plan(layout: CausalLayout): KeptValues[] {
    const plan: KeptValues[] = [];
    let left = this.#options.memoryBudget ?? 2 ** 30;
    for (let layer = this.#blocks.count - 1; layer >= this.#firstAdapted; layer--) {
      plan[layer] = 'nothing';
      for (const values of ['everything', 'all but scores'] as const) {
        const bytes = this.#blocks.keptBytes(layer, values, layout);
        if (bytes > left) continue;
        left -= bytes;
        plan[layer] = values;
        break;
      }
    }
    return plan;
  }

  #embed({ ids }: CausalLayout, scope: PoolScope): ResidentTensor {
    const { config, weights } = this.#options.loaded;
    const { hidden } = config;
    const numbers = new Float32Array(ids.length * hidden);
    ids.forEach((id, i) => weights.embedding.toFloat32(id, id + 1, numbers.subarray(i * hidden, (i + 1) * hidden)));
    const x = scope.take([ids.length, hidden]);
    x.write(numbers);
    return x;
  }

  #shared(layout: CausalLayout, scope: PoolScope): Tensors {
    const { config } = this.#options.loaded;
    const { rows, length, positions } = layout;
    const frequencies = ropeFrequencies(config);
    const half = frequencies.length;
    const table = (f: (angle: number) => number) =>
      Float32Array.from({ length: positions.length * half }, (_, i) =>
        f(positions[Math.floor(i / half)]! * frequencies[i % half]!),
      );
    const tensor = (shape: number[], values: Float32Array<ArrayBuffer>) => {
      const taken = scope.take(shape);
      taken.write(values);
      return taken;
    };
    return new Map([
      ['mask', tensor([rows, 1, length, length], attentionMask(layout, config.slidingWindow))],
      ['cos', tensor([positions.length, half], table(Math.cos))],
      ['sin', tensor([positions.length, half], table(Math.sin))],
    ]);
  }

  // The graphs are fed scale·B: their gradient of B is 1/scale of the parameter's.
  #writeParameters(): void {
    const scale = loraScale(this.#options.lora);
    this.#eachMatrix((layer, { name, matrix, parameter }) => {
      this.#blocks.write(layer, name, matrix === 'a' ? parameter.data : parameter.data.map((value) => scale * value));
    });
    this.#stale = false;
  }

  #addGradients(layer: number, flat: Float32Array): void {
    const scale = loraScale(this.#options.lora);
    let at = 0;
    this.#eachMatrix((_, { matrix, parameter: { gradient } }) => {
      const factor = matrix === 'a' ? 1 : scale;
      for (let i = 0; i < gradient.length; i++) gradient[i]! += factor * flat[at++]!;
    }, layer);
  }

  #eachMatrix(
    visit: (layer: number, matrix: ReturnType<typeof loraMatrices>[number] & { parameter: Parameter }) => void,
    only?: number,
  ): void {
    for (
      let layer = only ?? this.#firstAdapted;
      layer < (only === undefined ? this.#blocks.count : only + 1);
      layer++
    ) {
      for (const matrix of loraMatrices(this.#blocks.kind(layer))) {
        const parameter = this.#lora.pair(llamaModulePath(layer, matrix.linear))![matrix.matrix];
        visit(layer, { ...matrix, parameter });
      }
    }
  }
}

async function numbers(tensor: ResidentTensor): Promise<Float32Array<ArrayBuffer>> {
  return (await tensor.read()) as Float32Array<ArrayBuffer>;
}

function report({ loss, tokens, sequences }: CausalLayout, losses: Float32Array): LossReport {
  return { loss: loss.reduce((sum, { weight }, i) => sum + weight * losses[i]!, 0), tokens, examples: sequences };
}
