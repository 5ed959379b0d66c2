import type { ModelPrice, PriceTable } from '../../../evaluation/costs/contract.ts';
import { NO_PRICES, priceTable } from '../../../evaluation/costs/hosted-cost.ts';
import { PRICES_SETTING } from '../../../evaluation/settings.ts';
import { database } from '../../../storage/database.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';

/** What hosted models take, as the user typed it; the same in every workspace. */
class Prices {
  #stored = new LiveQuery<PriceTable>(
    async () => priceTable((await database().settings.get(PRICES_SETTING))?.value),
    NO_PRICES,
  );

  get table(): PriceTable {
    return this.#stored.current;
  }

  async save(currency: string, prices: readonly ModelPrice[]): Promise<void> {
    const value: PriceTable = { currency: currency.trim() || NO_PRICES.currency, prices: [...prices] };
    await database().settings.put({ key: PRICES_SETTING, value });
  }
}

export const prices = new Prices();
