/** Models, and the endpoints and nodes that run them elsewhere. */

export type ModelRole = 'embedder' | 'generator' | 'reranker';

export type ModelFormat = 'gguf' | 'safetensors' | 'onnx' | 'mlc';

/** A model that the user added. Starter models come from the manifest that set-up writes and have no row. */
export interface ModelRow {
  id: string;
  name: string;
  role: ModelRole;
  format: ModelFormat;
  architecture: string;
  /** Files in OPFS under `models/<id>/`. */
  files: { name: string; bytes: number; sha256: string }[];
  bytes: number;
  licence: string;
  /** Where it came from, in words: "file from this computer", a hub's repository name. */
  source: string;
  addedAt: number;
}

/** An OpenAI-compatible endpoint. Off until switched on; its key lies in `secrets` and never in an export. */
export interface EndpointRow {
  id: string;
  name: string;
  /** Ends before `/chat/completions`, e.g. `http://localhost:11434/v1`. */
  baseUrl: string;
  model: string;
  enabled: boolean;
  /** What its model is for; absent: it writes (chat, teacher, judge). An `embedder` makes vectors for search. */
  role?: 'embedder';
  /** Context of the model, where the server tells it. */
  contextTokens?: number;
  /** Numbers in a vector of an embedder, as its server gave them last. */
  dimensions?: number;
}

/** A companion node that was paired with; its token is the secret of the same id. */
export interface NodeRow {
  id: string;
  name: string;
  /** Without path: `https://gpu.example.lan:8700`. */
  url: string;
  /** Off: nothing is asked of it and the page's policy lets nothing through to it. */
  enabled: boolean;
  createdAt: number;
}

/** A model with an adapter or without. `engine`: of a generator, which kind of engine runs it; absent: `local`. */
export interface PipelineModel {
  modelId: string;
  adapterId?: string | null;
  engine?: 'local' | 'transformers' | 'webllm' | 'endpoint';
}
