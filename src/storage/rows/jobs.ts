import type { Problem } from '../../errors/attune-error.ts';

/** Long work and settings of the app. */

export type JobKind =
  'ingest' | 'embed' | 'import' | 'export' | 'download' | 'generate' | 'train' | 'evaluate' | 'check';

export type JobState = 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

/** A long-running piece of work, in the database so that the jobs tray looks the same after a reload. */
export interface JobRow {
  id: string;
  workspaceId: string | null;
  kind: JobKind;
  title: string;
  state: JobState;
  done: number;
  total: number;
  /** Plural noun of what is counted: "passages", "files", "bytes". */
  unit: string;
  secondsLeft?: number;
  /** The file being worked on now and the share of it that is done, 0-1. */
  current?: { path: string; share?: number };
  /** What else to say of it, in words: what it costs. */
  note?: string;
  problem?: Problem;
  startedAt: number;
  updatedAt: number;
}

/** App-wide settings by key (theme, last workspace, chosen models). */
export interface SettingRow {
  key: string;
  value: unknown;
}

export interface SecretRow {
  id: string;
  value: string;
}
