/**
 * Who may import whom. The folders under src/ are domains; what others see of one is its contract, its client, its
 * settings data and the modules that its README names as public.
 */

/** What a domain shows to others. */
const PUBLIC_FACE = '/(contract|client|settings|index|passage-text|files|tokenizer|answer-recipe|in-use|stopped)\\.ts$';

/**
 * The laboratory's pure part: functions over rows, without models or databases, that screens, workers and scripts use
 * alike.
 */
const LABORATORY = '^src/evaluation/(metrics|statistics|table|judge|costs|report|advice)/';

/** Domains whose work happens in workers; their services must never reach the page's bundle. */
const WORKER_DOMAINS = 'ingest|retrieval|generation|models|evaluation|datasets|training|adapters';

/**
 * Pieces that training must share with what it trains for, so that the two cannot drift apart: how texts become tokens
 * and prompts, how scores and costs are counted, what counts as a duplicate. And those that evaluation shares with what it
 * judges: a matrix that ranked or answered in its own way would measure something that nobody uses.
 */
const SHARED_PIECES =
  '^src/(evaluation/(metrics|costs)/|ingest/(hashing|language|duplicates/minhash|archive/zip)\\.ts|' +
  'chat/(prompt/(answer-recipe|relevance)|text/sentences|contract|settings|snapshot|write-answer)\\.ts|' +
  'training/(negative-guard|questions-of)\\.ts|generation/(engines|estimate-tokens|reply-schema|endpoint/(embeddings|open)|local/(load|chat-tokenizer|sampler))\\.ts|' +
  'retrieval/(embedder/recipe|endpoint-source|fusion|lexical/lexical-index|pair-tokens|passage-search|reranker/with-search-scores|similarities)\\.ts)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle means two modules are one, or a type is in the wrong place.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'engine-knows-no-app',
      comment: 'The engine also runs in Node and knows nothing of documents, databases or screens.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^(src/(?!engine/|errors/)|workers/)|node_modules/(svelte|dexie|comlink|bits-ui)/' },
    },
    {
      name: 'screens-see-no-service',
      comment: 'Screens talk to a domain through its client; models and parsers stay in workers.',
      severity: 'error',
      from: { path: '^src/(ui|jobs)/' },
      to: { path: `^src/(engine/|(${WORKER_DOMAINS})/)`, pathNot: [PUBLIC_FACE, LABORATORY] },
    },
    {
      name: 'screens-load-no-runtime',
      comment: 'Heavy libraries belong to workers; in the page they would break the first-load budget.',
      severity: 'error',
      from: { path: '^src/(ui|jobs|chat|workspaces|pwa)/' },
      to: { path: 'node_modules/(onnxruntime|@huggingface|@mlc-ai|pdfjs-dist|mammoth|minisearch)' },
    },
    {
      name: 'nothing-imports-screens',
      severity: 'error',
      from: { pathNot: '^src/ui/' },
      to: { path: '^src/ui/' },
    },
    {
      name: 'workers-see-no-screen',
      comment: 'An entry file builds a service from its domain and exposes it.',
      severity: 'error',
      from: {
        path: '^(workers|src/(ingest|retrieval|generation|models|storage|evaluation))/',
        pathNot: '/client\\.ts$',
      },
      to: {
        path: '^src/(ui|jobs|chat|workspaces|pwa|markdown)/',
        pathNot: ['^src/workspaces/service\\.ts$', SHARED_PIECES],
      },
    },
    {
      name: 'domains-keep-their-insides',
      comment: 'A domain uses another one through its public face; modules named node.ts put it together for scripts.',
      severity: 'error',
      from: {
        path: '^src/(ingest|retrieval|generation|chat|datasets|training|evaluation|models)/',
        pathNot: '/node\\.ts$',
      },
      to: {
        path: '^src/(ingest|retrieval|generation|chat|datasets|training|evaluation|models|jobs|workspaces)/',
        pathNot: ['^src/$1/', PUBLIC_FACE, '^src/models/(catalogue|tokenizer)\\.ts$', SHARED_PIECES],
      },
    },
    {
      name: 'worker-only-node',
      comment: 'Modules named node.ts use Node; only tests and scripts run them.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '/node\\.ts$' },
      to: { path: '/node\\.ts$|^(node:|fs$|path$)' },
    },
    {
      name: 'no-unlisted-package',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-package-in-the-app',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: ['/node\\.ts$', '^src/pwa/service-worker\\.ts$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.app.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['svelte', 'import', 'browser', 'default'] },
  },
};
