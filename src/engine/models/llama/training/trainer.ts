import { loraScale, type LoraAdapter, type LoraSettings } from '../../../adapters/lora-adapter.ts';
import type { ResidentRuntime } from '../../../resident/resident.ts';
import type { Device } from '../../../runtime/runtime.ts';
import type { CausalBatch } from '../../../training/batches.ts';
import { createLoraParameters, LoraParameters } from '../../../training/lora-parameters.ts';
import type { LossReport, Parameter, Trainable } from '../../../training/trainable.ts';
import { LLAMA_LINEARS } from '../linears.ts';
import { llamaModulePath, llamaModules, llamaTarget } from '../lora.ts';
import type { LoadedLlama } from '../weights.ts';
import { loraMatrices } from './block-kind.ts';
import { Blocks } from './blocks.ts';
import { layOut, type CausalLayout, type LayoutOptions } from './causal-layout.ts';
import { ChunkRunner } from './chunk-runner.ts';
import type { FrozenWeights } from './frozen-matrix.ts';
import { HeadRunner } from './head-runner.ts';

const MIB = 2 ** 20;
/** On wasm a tab stays below 1.5 GB, the weights as they are stored: its heap never shrinks. */
const MEMORY_BUDGET: Record<Device, number> = { cpu: 1024 * MIB, wasm: 512 * MIB, webgpu: 1024 * MIB };

export interface GeneratorTrainerOptions {
  loaded: LoadedLlama;
  runtime: ResidentRuntime;
  /** Names of linears as `llamaTarget` gives them: `self_attn.q_proj`, `mlp.gate_proj`. */
  lora: LoraSettings;
  /** Starts the low-rank matrices. */
  seed: number;
  /** Trained on instead of new matrices; `lora` has to be its settings. */
  adapter?: LoraAdapter;
  /** How frozen weights lie in memory; absent: `float32`, the fastest. */
  weights?: FrozenWeights;
  /** Bytes for what blocks keep for their backward run; what does not fit is computed again. Absent: by device. */
  memoryBudget?: number;
  /** Bytes for cached states below the lowest adapted block; absent: 256 MiB. */
  cacheBytes?: number;
  /** Bytes for the logits that exist at once; absent: 16 MiB. */
  logitBytes?: number;
  /** About how many words of the vocabulary have logits at once; absent: 4,096. */
  logitWords?: number;
  /** Attention takes a row's queries in parts no smaller than this; absent: 64. */
  queriesAtOnce?: number;
  /** What counts the same in a batch's loss; absent: `example`. */
  lossMean?: LayoutOptions['mean'];
  /** Lets short examples share a row. */
  packing?: boolean;
  /** Tokens that run together; absent: 512. */
  chunkTokens?: number;
  /** Share of the teacher's scores in the loss of examples that have them; absent: 1. */
  teacherShare?: number;
}

export interface GeneratorTrainer extends Trainable<CausalBatch> {
  adapter(): LoraAdapter;
  /** -log p of every token that has a loss, in the order of the batch, without dropout. */
  tokenLosses(batch: CausalBatch, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
}

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
  const { logitBytes = 16 * MIB, logitWords = 4096 } = options;
  const head = await HeadRunner.create(loaded, runtime, { weights, words: logitWords, logitBytes });
  try {
    const blocks = new Blocks(loaded, runtime, { weights, targets, rank: lora.rank, firstAdapted });
    const runner = new ChunkRunner(loaded, runtime, blocks, {
      firstAdapted,
      targets,
      dropout: lora.dropout,
      memoryBudget: options.memoryBudget ?? MEMORY_BUDGET[runtime.device],
      queriesAtOnce: options.queriesAtOnce ?? 64,
      cacheBytes: options.cacheBytes ?? 256 * MIB,
    });
    return new LlamaTrainer(options, parameters, runner, head);
  } catch (error) {
    await head.dispose();
    throw error;
  }
}

class LlamaTrainer implements GeneratorTrainer {
  readonly parameters: readonly Parameter[];
  readonly #layoutOptions: LayoutOptions;
  readonly #scale: number;
  readonly #lora: LoraParameters;
  readonly #runner: ChunkRunner;
  readonly #head: HeadRunner;
  #stale = true;

  constructor(options: GeneratorTrainerOptions, lora: LoraParameters, runner: ChunkRunner, head: HeadRunner) {
    const { lossMean = 'example', packing = false, chunkTokens = 512, teacherShare = 1 } = options;
    this.#layoutOptions = { mean: lossMean, packing, chunkTokens, teacherShare };
    this.#scale = loraScale(options.lora);
    this.#lora = lora;
    this.#runner = runner;
    this.#head = head;
    this.parameters = lora.parameters;
  }

  get memoryBytes(): number {
    return this.#runner.memoryBytes + this.#head.weightBytes;
  }

  adapter(): LoraAdapter {
    return this.#lora.adapter;
  }

  parametersChanged(): void {
    this.#stale = true;
  }

  async accumulate(batch: CausalBatch, weight: number, seed: number, signal?: AbortSignal): Promise<LossReport> {
    this.#writeParameters();
    const layout = layOut(batch, this.#layoutOptions);
    const losses = new Float32Array(layout.targets);
    for (const chunk of layout.chunks) {
      const head = async (y: Float32Array<ArrayBuffer>) => {
        const result = await this.#head.run(y, chunk.loss, weight, signal);
        chunk.loss.forEach(({ index }, i) => (losses[index] = result.losses[i]!));
        return result.gradient!;
      };
      await this.#runner.gradients(chunk, seed, head, (layer, flat) => this.#addGradients(layer, flat), signal);
    }
    return report(layout, losses);
  }

  async evaluate(batch: CausalBatch, signal?: AbortSignal): Promise<LossReport> {
    const layout = layOut(batch, this.#layoutOptions);
    return report(layout, await this.#losses(layout, signal));
  }

  async tokenLosses(batch: CausalBatch, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    return this.#losses(layOut(batch, this.#layoutOptions), signal);
  }

  async dispose(): Promise<void> {
    await this.#runner.dispose();
    await this.#head.dispose();
  }

  async #losses(layout: CausalLayout, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    this.#writeParameters();
    const losses = new Float32Array(layout.targets);
    for (const chunk of layout.chunks) {
      const y = await this.#runner.hiddenStates(chunk, signal);
      const result = await this.#head.run(y, chunk.loss, undefined, signal);
      chunk.loss.forEach(({ index }, i) => (losses[index] = result.losses[i]!));
    }
    return losses;
  }

  // The graphs are fed scale·B, so their gradient of it is 1/scale of the parameter's.
  #writeParameters(): void {
    if (!this.#stale) return;
    const { blocks, firstAdapted } = this.#runner;
    for (let layer = firstAdapted; layer < blocks.count; layer++) {
      for (const { name, matrix, parameter } of this.#matrices(layer)) {
        const { data } = parameter;
        blocks.write(layer, name, matrix === 'a' ? data : scaled(data, this.#scale));
      }
    }
    this.#stale = false;
  }

  #addGradients(layer: number, flat: Float32Array): void {
    let at = 0;
    for (const { matrix, parameter } of this.#matrices(layer)) {
      const { gradient } = parameter;
      addScaled(gradient, flat.subarray(at, (at += gradient.length)), matrix === 'a' ? 1 : this.#scale);
    }
  }

  #matrices(layer: number) {
    return loraMatrices(this.#runner.blocks.kind(layer)).map((entry) => ({
      ...entry,
      parameter: this.#lora.pair(llamaModulePath(layer, entry.linear))![entry.matrix],
    }));
  }
}

// Plain loops: there are millions of elements, and a callback for each takes as long as a block's run.
function scaled(numbers: Float32Array, factor: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(numbers.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * numbers[i]!;
  return out;
}

function addScaled(to: Float32Array, numbers: Float32Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * numbers[i]!;
}

/** The mean loss; what a teacher's own uncertainty costs is left out, so that 0 is reached by agreeing with it. */
function report({ chunks, tokens, sequences }: CausalLayout, losses: Float32Array): LossReport {
  let loss = 0;
  for (const row of chunks.flatMap((chunk) => chunk.loss)) loss += row.weight * (losses[row.index]! - row.floor);
  return { loss, tokens, examples: sequences };
}
