import { createHash } from 'node:crypto';
import { functionBodies, replaceFunctions } from './functions.ts';
import { sgemmKernel } from './sgemm-kernel.ts';

/** SHA-256 of onnxruntime's two kernels, the same in all builds of the pinned version: `C =` and `C +=`. */
const KERNELS = [
  { accumulate: false, sha256: 'f7728808b5f87253962b9f639f830459c0961fbc2cd2f8463534e97ae5a7e534' },
  { accumulate: true, sha256: '9e72cc3a5fb5a445d440bf86c3de4b8bb338ee3773f763c730af6227034c8f08' },
];

/**
 * onnxruntime's wasm with its float32 matrix products in relaxed SIMD (ADR 117).
 *
 * @param module any build of onnxruntime-web
 * @throws WasmError if its kernels are others than those of the pinned version
 */
export async function withRelaxedSimd(module: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  // Only here: whoever reads the Vite configuration would load it.
  const { default: wabtFactory } = await import('wabt');
  const wabt = await wabtFactory();
  const replacements = KERNELS.map(({ accumulate, sha256 }) => {
    const features = { simd: true, relaxed_simd: true };
    const parsed = wabt.parseWat('sgemm-kernel.wat', sgemmKernel({ accumulate }), features);
    try {
      parsed.validate();
      const [body] = functionBodies(parsed.toBinary({}).buffer);
      return [sha256, body!] as const;
    } finally {
      parsed.destroy();
    }
  });
  return replaceFunctions(module, new Map(replacements));
}

/** Tells kernels from others, so that a file made with them is not taken for one made with the next ones. */
export function kernelsDigest(): string {
  const texts = KERNELS.map(({ accumulate }) => sgemmKernel({ accumulate })).join('\n');
  return createHash('sha256').update(texts).digest('hex').slice(0, 8);
}
