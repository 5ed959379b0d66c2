import { database } from '../../../src/storage/database.ts';
import { LiveQuery } from '../../../src/ui/state/live-query.svelte.ts';

/** Reads a query in the same `$derived` that makes it on first use, as shared queries are. @returns stop. */
export function watchCount(onchange: (count: number) => void): () => void {
  let query: LiveQuery<number> | undefined;
  const count = $derived.by(() => {
    query ??= new LiveQuery(() => database().settings.count(), -1);
    return query.current;
  });
  return $effect.root(() => {
    $effect(() => onchange(count));
  });
}
