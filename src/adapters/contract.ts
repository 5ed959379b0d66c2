import type { SourceFile } from '../ingest/contract.ts';
import type { AdapterRow, TuningTask } from '../storage/schema.ts';

/** An adapter that can be switched on: a row, or a starter that lies with the app. */
export interface AdapterDescription extends Omit<AdapterRow, 'workspaceId'> {
  starter: boolean;
  /** A starter's: `answers` is on by default, `questions` writes data sets and answers nothing. */
  purpose?: 'answers' | 'questions';
  /** Where its PEFT files are read from. */
  location: { kind: 'origin'; folder: string } | { kind: 'opfs'; folder: string };
}

/** `public/adapters/manifest.json`, written by `npm run make:starters`. */
export interface StarterAdapterManifest {
  version: 1;
  adapters: (Omit<AdapterDescription, 'starter' | 'location'> & {
    files: { name: string; bytes: number; sha256: string }[];
    /** What it is for: the generator's `answers` is on by default, `questions` writes data sets. */
    purpose: 'answers' | 'questions';
  })[];
}

/** How an adapter leaves the app. */
export type AdapterExport = 'peft-zip' | 'gguf-lora' | 'merged-safetensors';

/** Adapters as screens use them. */
export interface AdapterLibrary {
  /** Starters first, then the newest first. */
  list(task?: TuningTask): Promise<AdapterDescription[]>;
  rename(id: string, name: string, description: string): Promise<void>;
  /** Switches it off wherever it is on, then deletes it. */
  remove(id: string): Promise<void>;
  /**
   * A PEFT folder or zip, trained anywhere.
   *
   * @param sources with the paths that their folders give them
   * @param modelId the base model that it is meant for
   * @throws AttuneError `adapters/*`: says which tensor does not fit and what was expected
   */
  import(sources: SourceFile[], modelId: string): Promise<AdapterDescription>;
  export(id: string, as: AdapterExport): Promise<{ name: string; blob: Blob }>;
}
