import { retrievalKnobs } from '../../retrieval/settings.ts';
import type { Knobs } from '../../settings/knob.ts';
import { database } from '../../storage/database.ts';
import type { AdapterRow } from '../../storage/schema.ts';
import { adaptersInForce } from './adapters.svelte.ts';
import { LiveQuery } from './live-query.svelte.ts';

/** The knobs of searching in the open workspace: the adapter of its search model brings its own weight of meaning. */
export class SearchKnobs {
  readonly #adapter = $derived.by(() => {
    const { embedder } = adaptersInForce.chosen;
    return new LiveQuery(async () => (embedder ? database().adapters.get(embedder) : undefined), undefined);
  });

  get current(): Knobs {
    return knobsWith(this.#adapter.current);
  }
}

function knobsWith(adapter: Pick<AdapterRow, 'name' | 'denseWeight'> | undefined): Knobs {
  if (adapter?.denseWeight === undefined) return retrievalKnobs;
  const { denseWeight } = retrievalKnobs;
  const help = `${denseWeight.help} With “${adapter.name}” ${adapter.denseWeight} found most on its validation part.`;
  return { ...retrievalKnobs, denseWeight: { ...denseWeight, default: adapter.denseWeight, help } };
}
