import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Connect, Plugin } from 'vite';
import { kernelsDigest, withRelaxedSimd } from '../onnxruntime/relaxed.ts';

const RELAXED = '.relaxed.wasm';

/**
 * The builds of onnxruntime-web that the app loads: `wasm` (CPU only, smaller) and `webgpu` (`asyncify`, the one that
 * transformers.js asks for). Each is a loader, its wasm, and the same wasm with faster products for the browsers that
 * take relaxed SIMD.
 */
const FILES = ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'].flatMap((name) => [
  `${name}.mjs`,
  `${name}.wasm`,
  `${name}${RELAXED}`,
]);

/** Folder under the app's base; `wasmPaths` of every ONNX Runtime in the app points there. */
const FOLDER = 'ort';

/**
 * Puts onnxruntime-web's loader and wasm at `ort/` under the app's base, from the very package that transformers.js
 * pins: straight from node_modules in dev and in browser tests, copied on build. They cannot be Vite assets, because
 * the loader imports itself again in its threads and must keep its name; and from `public/` the dev server refuses to
 * import a module.
 */
export function onnxRuntimeFiles(): Plugin {
  const dist = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const { version } = JSON.parse(readFileSync(join(dist, '..', 'package.json'), 'utf8')) as { version: string };
  const middleware: Connect.NextHandleFunction = (request, response, next) => {
    const [path = ''] = (request.url ?? '').split('?');
    const name = basename(path);
    if (!path.endsWith(`/${FOLDER}/${name}`) || !FILES.includes(name)) return next();
    response.setHeader('Content-Type', name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript');
    response.setHeader('Cache-Control', 'no-cache');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    read(dist, name).then((bytes) => response.end(bytes), next);
  };
  let outDir = 'dist';
  return {
    name: 'attune-onnxruntime-files',
    config: () => ({
      // Without this condition the package inlines its loader, and Vite emits a second copy of the wasm.
      define: { __ORT_VERSION__: JSON.stringify(`${version}-${kernelsDigest()}`) },
      resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    }),
    configResolved: (config) => {
      outDir = config.build.outDir;
    },
    configureServer: (server) => void server.middlewares.use(middleware),
    writeBundle: async () => {
      await mkdir(join(outDir, FOLDER), { recursive: true });
      await Promise.all(FILES.map(async (name) => writeFile(join(outDir, FOLDER, name), await read(dist, name))));
    },
  };
}

const relaxed = new Map<string, Promise<Uint8Array>>();

function read(dist: string, name: string): Promise<Uint8Array> {
  if (!name.endsWith(RELAXED)) return readFile(join(dist, name));
  // Made once: every page of the browser tests asks for it.
  const made = relaxed.get(name) ?? readFile(join(dist, name.replace(RELAXED, '.wasm'))).then(withRelaxedSimd);
  relaxed.set(name, made);
  return made;
}
