/** What this machine and this tab hold: read when asked for, since each answer comes from another worker. */
export interface MachineFacts {
  search: { name: string; device: string } | null;
  answer: { modelName: string; device: string; memoryBytes: number; tokensPerSecond?: number } | null;
  device: string;
  storage: { used: number; quota: number; persistent: boolean };
}

class Machine {
  async describe(workspaceId: string): Promise<MachineFacts> {
    void workspaceId;
    return { search: null, answer: null, device: await this.#device(), storage: await this.#storage() };
  }

  async #device(): Promise<string> {
    const cores = navigator.hardwareConcurrency;
    const threads = crossOriginIsolated ? `${cores} processor threads` : '1 processor thread';
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    if (!adapter || isSoftware(adapter.info)) return `${threads}, no usable graphics processor`;
    return `${threads}, graphics: ${adapter.info.description || adapter.info.vendor}`;
  }

  async #storage(): Promise<MachineFacts['storage']> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { used: usage, quota, persistent: await navigator.storage.persisted() };
  }
}

/** A software adapter is slower than wasm; for everything that we do it counts as none. */
function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(`${info.description} ${info.architecture}`);
}

export const machine = new Machine();
