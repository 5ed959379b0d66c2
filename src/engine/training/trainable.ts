/** A trained tensor: it, its gradient and the optimiser's moments live on the CPU; only copies reach the device. */
export interface Parameter {
  /** As in a PEFT file without its prefix: `encoder.layer.0.attention.self.query.lora_A.weight`. */
  name: string;
  shape: readonly number[];
  data: Float32Array<ArrayBuffer>;
  /** Added to by `accumulate`, zeroed by the optimiser's step. */
  gradient: Float32Array<ArrayBuffer>;
}

export interface LossReport {
  /** Mean loss of the batch. */
  loss: number;
  /** Tokens computed, padding left out. */
  tokens: number;
  examples: number;
}

/**
 * Something with parameters and a loss: one implementation per kind of model and loss, the same on every runtime. The
 * training loop, the sweep and the estimate know nothing else of what they train.
 */
export interface Trainable<Batch> {
  readonly parameters: readonly Parameter[];
  /**
   * Adds the gradient of `weight` · mean loss to every parameter's gradient. `seed` drives dropout: equal seeds and
   * parameters give bit-equal gradients on one backend.
   *
   * @throws AttuneError `engine/out-of-memory`, `engine/device-lost`; DOMException AbortError between blocks
   */
  accumulate(batch: Batch, weight: number, seed: number, signal?: AbortSignal): Promise<LossReport>;
  /** The loss alone, without dropout. */
  evaluate(batch: Batch, signal?: AbortSignal): Promise<LossReport>;
  /** To be called after `parameters[i].data` were written: they are copied to the device before the next run. */
  parametersChanged(): void;
  /** Bytes of device memory that it holds now: weights, kept activations, buffers. */
  readonly memoryBytes: number;
  dispose(): Promise<void>;
}
