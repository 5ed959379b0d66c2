/** Name of the graphics processor that models can run on; null where there is none or only a software one. */
export async function usableGraphics(): Promise<string | null> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { description, vendor, architecture, isFallbackAdapter } = adapter.info;
  // A software adapter is slower than wasm: it counts as none.
  if (isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(`${description} ${architecture}`)) return null;
  return description || vendor || 'Graphics processor';
}
