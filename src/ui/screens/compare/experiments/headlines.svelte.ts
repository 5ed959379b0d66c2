import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { figures } from '../../../../evaluation/figures/client.ts';
import type { Headline } from '../../../../evaluation/table/contract.ts';
import type { EvaluationRow } from '../../../../storage/schema.ts';

type Scored = Pick<EvaluationRow, 'id' | 'state' | 'updatedAt'>;

/** Kept while the app is open, each until its comparison changes; null: it has none. */
const known = new SvelteMap<string, Headline | null>();
let wanted: readonly Scored[] = [];
let busy = false;

const keyOf = ({ id, updatedAt }: Scored) => `${id} ${updatedAt}`;

/** Undefined while it is not computed, and for a comparison that has none. */
export function headlineOf(row: Scored): Headline | undefined {
  return known.get(keyOf(row)) ?? undefined;
}

/**
 * Has the headlines of comparisons computed, one after the other, in the worker of the statistics. Of those that are done:
 * before that their combinations have not answered the same questions.
 */
export function wantHeadlines(rows: readonly Scored[]): void {
  wanted = rows.filter(({ state }) => state === 'done');
  if (!busy) void untrack(compute);
}

async function compute(): Promise<void> {
  busy = true;
  for (let next = missing(); next; next = missing()) {
    const key = keyOf(next);
    try {
      known.set(key, (await figures.headline(next.id)) ?? null);
    } catch (error) {
      // Deleted meanwhile, or its rows cannot be read: the list says what was compared, as before.
      console.error(error);
      known.set(key, null);
    }
  }
  busy = false;
}

function missing(): Scored | undefined {
  return wanted.find((row) => !known.has(keyOf(row)));
}
