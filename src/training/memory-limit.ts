/** onnxruntime's wasm build addresses 32 bits. */
const WASM_HEAP = 4 * 2 ** 30;
/** What of the machine's memory one tab may take without the browser ending it. */
const SHARE = 0.6;

/** Bytes that training may take in this browser. Browsers say at most how many GiB there are, and never more than 8. */
export function memoryLimit(): number {
  const { deviceMemory } = navigator as { deviceMemory?: number };
  return Math.min(WASM_HEAP, deviceMemory === undefined ? WASM_HEAP : SHARE * deviceMemory * 2 ** 30);
}
