import { AttuneError } from '../../errors/attune-error.ts';

// WebGPU's flags (its `GPUBufferUsage` and `GPUMapMode`), which TypeScript's libraries leave out.
const MAP_READ = 1;
const COPY_SRC = 4;
const COPY_DST = 8;
const STORAGE = 128;

/**
 * The GPU with what goes wrong on it. WebGPU reports errors later and elsewhere; here they wait for the next
 * {@link GuardedDevice.guard} and are thrown there.
 */
export class GuardedDevice {
  readonly device: GPUDevice;
  readonly name: string;
  #failure: AttuneError | undefined;
  #lost = false;
  #allocations: Promise<void>[] = [];

  private constructor(device: GPUDevice, name: string) {
    this.device = device;
    this.name = name;
    void device.lost.then(({ reason, message }) => {
      this.#lost = true;
      this.#failure = deviceLost(message || reason);
    });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.#failure ??= event.error instanceof GPUOutOfMemoryError ? outOfMemory() : gpuError(event.error.message);
    });
  }

  /**
   * A device with all that the adapter allows: the default limits are far below what models need.
   *
   * @throws AttuneError `engine/no-gpu`
   */
  static async open(): Promise<GuardedDevice> {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) {
      throw new AttuneError(
        'engine/no-gpu',
        'This browser offers no GPU.',
        'Choose the processor instead, or use a browser with WebGPU.',
      );
    }
    const { limits, features, info } = adapter;
    const wanted: GPUFeatureName[] = ['shader-f16', 'subgroups'];
    const device = await adapter.requestDevice({
      requiredFeatures: wanted.filter((feature) => features.has(feature)),
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
        maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
        maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      },
    });
    return new GuardedDevice(device, info.description || [info.vendor, info.architecture].filter(Boolean).join(' '));
  }

  /** @throws AttuneError `engine/out-of-memory` at the next {@link guard}, or at once beyond the device's limit */
  buffer(bytes: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    if (size > Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize))
      throw outOfMemory();
    this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({
      size,
      usage: STORAGE | COPY_SRC | COPY_DST,
    });
    this.#allocations.push(
      this.device.popErrorScope().then(
        (error) => void (error && (this.#failure ??= outOfMemory())),
        () => undefined, // the device is lost, and says so itself
      ),
    );
    return buffer;
  }

  /** A copy of a part of a buffer; both ends are multiples of 4. */
  async read(buffer: GPUBuffer, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.guard(async () => {
      const size = to - from;
      if (size === 0) return new Uint8Array(0);
      const staging = this.device.createBuffer({ size, usage: MAP_READ | COPY_DST });
      try {
        const encoder = this.device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, from, staging, 0, size);
        this.device.queue.submit([encoder.finish()]);
        await staging.mapAsync(MAP_READ);
        return new Uint8Array(staging.getMappedRange().slice(0));
      } finally {
        staging.destroy();
      }
    });
  }

  /**
   * Runs something on the device and turns what it reports into errors.
   *
   * @throws AttuneError `engine/device-lost` from then on; `engine/out-of-memory` and `engine/run-failed` once
   */
  async guard<T>(task: () => Promise<T>): Promise<T> {
    // Whether memory was there is known only now, and a run over a buffer without memory gives nonsense.
    if (this.#allocations.length) await Promise.all(this.#allocations.splice(0));
    this.#throwFailure();
    let result: T;
    try {
      result = await task();
    } catch (error) {
      // The reason arrives a moment after the failure.
      await new Promise((resolve) => setTimeout(resolve));
      this.#throwFailure();
      throw error;
    }
    this.#throwFailure();
    return result;
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (!failure) return;
    if (!this.#lost) this.#failure = undefined;
    throw failure;
  }
}

function deviceLost(reason: string): AttuneError {
  return new AttuneError(
    'engine/device-lost',
    `The GPU stopped working for this page: ${reason}`,
    'Start again from what was saved; if it happens again, close other programs that use the GPU, or choose the processor.',
  );
}

function outOfMemory(): AttuneError {
  return new AttuneError(
    'engine/out-of-memory',
    'The GPU has not enough memory for this.',
    'Choose smaller batches, shorter texts or a smaller model, or close other programs that use the GPU.',
  );
}

function gpuError(message: string): AttuneError {
  return new AttuneError(
    'engine/run-failed',
    `The GPU refused a computation: ${message}`,
    'Choose the processor instead, and report this.',
  );
}
