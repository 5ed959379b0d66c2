import type { ModelFormat, ModelRole } from '../storage/schema.ts';

/** A file of a model, wherever it lies. */
export interface ModelFile {
  name: string;
  bytes: number;
  sha256: string;
}

/** A model that can be chosen: a starter from the manifest or one that the user added. */
export interface ModelDescription {
  id: string;
  name: string;
  role: ModelRole;
  format: ModelFormat;
  architecture: string;
  files: ModelFile[];
  bytes: number;
  licence: string;
  source: string;
  /** Where its files are read from: same-origin URL folder of a starter, or OPFS. */
  location: { kind: 'origin'; folder: string } | { kind: 'opfs'; folder: string };
}

/** `public/models/manifest.json`, written by set-up. A starter that could not be fetched is absent from it. */
export interface StarterManifest {
  version: 1;
  models: Omit<ModelDescription, 'location'>[];
}

/** Read access to a model's files for engines, in workers and in Node alike. */
export interface ModelFiles {
  readonly description: ModelDescription;
  /** The whole file as a Blob (lazy: slices read only what they need where the browser can). */
  blob(name: string, onProgress?: (done: number, total: number) => void): Promise<Blob>;
  json<T>(name: string): Promise<T>;
}
