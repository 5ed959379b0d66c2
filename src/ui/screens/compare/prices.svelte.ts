import type { ModelPrice, PriceTable } from '../../../evaluation/costs/contract.ts';
import { database } from '../../../storage/database.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';

const KEY = 'prices';
/** None ship: a price that is out of date is worse than none. */
const EMPTY: PriceTable = { currency: 'USD', prices: [] };

/** What hosted models take, as the user typed it; the same in every workspace. */
class Prices {
  #stored = new LiveQuery<PriceTable>(
    async () => ((await database().settings.get(KEY))?.value as PriceTable | undefined) ?? EMPTY,
    EMPTY,
  );

  get table(): PriceTable {
    return this.#stored.current;
  }

  async save(currency: string, prices: readonly ModelPrice[]): Promise<void> {
    const value: PriceTable = { currency: currency.trim() || EMPTY.currency, prices: [...prices] };
    await database().settings.put({ key: KEY, value });
  }
}

export const prices = new Prices();
