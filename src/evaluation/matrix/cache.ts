import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { AttuneDatabase } from '../../storage/database.ts';
import type { CachedResultRow } from '../../storage/schema.ts';

const DAY = 86_400_000;
/** Results that no evaluation has asked for in this time are deleted. */
const KEPT_DAYS = 60;

export type CachedStage = CachedResultRow['stage'];

/** SHA-256 over everything that a result depends on, hex. `parts` must be JSON; undefined and absent are alike. */
export function contentKey(stage: CachedStage, parts: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify([stage, parts]))));
}

/** Results of a workspace's evaluations by what they depend on (ADR 143). */
export class ResultCache {
  readonly #db: AttuneDatabase;
  readonly #workspaceId: string;

  constructor(db: AttuneDatabase, workspaceId: string) {
    this.#db = db;
    this.#workspaceId = workspaceId;
  }

  /** What is known of these keys, by key. */
  async known<Value>(keys: readonly string[]): Promise<Map<string, Value>> {
    const rows = (await this.#db.cachedResults.bulkGet([...new Set(keys)])).filter((row) => row !== undefined);
    const now = Date.now();
    // Once a day is enough to know what is in use, and spares a write for every read.
    const stale = rows.filter(({ usedAt }) => now - usedAt > DAY);
    await this.#db.cachedResults.bulkPut(stale.map((row) => ({ ...row, usedAt: now })));
    return new Map(rows.map(({ key, value }) => [key, value as Value]));
  }

  async put(stage: CachedStage, key: string, value: unknown): Promise<void> {
    const row: CachedResultRow = { key, workspaceId: this.#workspaceId, stage, value, usedAt: Date.now() };
    await this.#db.cachedResults.put(row);
  }

  /** Deletes what was not used for a long time. */
  async tidy(): Promise<void> {
    await this.#db.cachedResults
      .where('usedAt')
      .below(Date.now() - KEPT_DAYS * DAY)
      .delete();
  }
}
