import { AttuneError } from '../errors/attune-error.ts';
import { readCheckpoint, writeCheckpoint } from '../engine/training/checkpoint.ts';
import type { Checkpoint } from '../engine/training/train-options.ts';
import type { Folders } from '../storage/folders.ts';
import { storageFull } from '../storage/storage-full.ts';
import type { TaskMemo } from './tasks/task.ts';

/** How many are kept: the newest could be lost to a crash of the machine in the very moment of its writing. */
const KEPT = 2;
const PATTERN = /^checkpoint-(\d+)$/;
const MEMO = 'memo.json';

const folderOf = (runId: string) => `runs/${runId}`;

/** The files of a run: `runs/<id>/checkpoint-<step>`, and what was found out while it was prepared. */
export class RunFiles {
  readonly #folders: Folders;
  readonly #folder: string;

  constructor(folders: Folders, runId: string) {
    this.#folders = folders;
    this.#folder = folderOf(runId);
  }

  /** Writes a checkpoint, then lets go of all but the last two. @throws AttuneError `storage/full` */
  async save(checkpoint: Checkpoint): Promise<void> {
    await this.#folders
      .write(this.#folder, `checkpoint-${checkpoint.step}`, writeCheckpoint(checkpoint))
      .catch((error: unknown) => {
        throw storageFull(error);
      });
    for (const step of (await this.#steps()).slice(KEPT)) {
      await this.#folders.removeFile(this.#folder, `checkpoint-${step}`);
    }
  }

  /** The newest checkpoint that is whole; undefined when the run begins. */
  async latest(): Promise<Checkpoint | undefined> {
    for (const step of await this.#steps()) {
      const name = `checkpoint-${step}`;
      const file = await this.#folders.read(this.#folder, name);
      try {
        if (file) return await readCheckpoint(file, name);
      } catch (error) {
        // Torn: the one before it is as good, some steps are repeated.
        if (!(error instanceof AttuneError && error.code === 'training/bad-checkpoint')) throw error;
      }
    }
    return undefined;
  }

  async memo(): Promise<TaskMemo> {
    const file = await this.#folders.read(this.#folder, MEMO);
    const known = file ? parse(await file.text()) : {};
    return {
      get: (key) => known[key],
      set: async (key, value) => {
        known[key] = value;
        await this.#folders.write(this.#folder, MEMO, new Blob([JSON.stringify(known)]));
      },
    };
  }

  remove(): Promise<void> {
    return this.#folders.removeFolder(this.#folder);
  }

  /** Newest first. */
  async #steps(): Promise<number[]> {
    const names = await this.#folders.list(this.#folder);
    return names
      .flatMap((name) => PATTERN.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
