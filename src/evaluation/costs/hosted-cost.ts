import * as v from 'valibot';
import type { ModelPrice, PriceTable, TokensPerQuestion } from './contract.ts';

/** No prices ship: they change, and a stale one misleads. */
export const NO_PRICES: PriceTable = { currency: 'USD', prices: [] };

/** What a hosted model would take for so many questions, in the table's currency. */
export function hostedCost(
  { inputPerMillion, outputPerMillion }: ModelPrice,
  { prompt, output }: TokensPerQuestion,
  questions = 1000,
): number {
  return (questions * (prompt * inputPerMillion + output * outputPerMillion)) / 1e6;
}

/** "USD 1.25": two digits that mean something, also of a tenth of a cent. */
export function money(amount: number, currency: string): string {
  const digits = amount >= 100 ? 0 : amount >= 0.1 || amount === 0 ? 2 : 4;
  return `${currency} ${amount.toFixed(digits)}`;
}

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const Price = v.object({
  model: v.pipe(v.string(), v.trim(), v.minLength(1)),
  inputPerMillion: amount,
  outputPerMillion: amount,
  note: v.optional(v.string()),
});

/** A stored table, whatever was stored: lines that make no sense are left out. */
export function priceTable(stored: unknown): PriceTable {
  const table = v.safeParse(v.object({ currency: v.string(), prices: v.array(v.unknown()) }), stored);
  if (!table.success) return NO_PRICES;
  const prices = table.output.prices.flatMap((line) => {
    const parsed = v.safeParse(Price, line);
    if (!parsed.success) return [];
    const { note, ...price } = parsed.output;
    return [{ ...price, ...(note !== undefined && { note }) }];
  });
  return { currency: table.output.currency.trim() || NO_PRICES.currency, prices };
}
