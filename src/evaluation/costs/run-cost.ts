import type { GenerationRow } from '../../storage/schema.ts';
import type { PriceTable } from './contract.ts';
import { hostedCost, money } from './hosted-cost.ts';

type Run = Pick<GenerationRow, 'hosted' | 'tokens' | 'next' | 'chunkIds'>;

/** What the tokens of a run took; undefined where the price list has no line for what wrote them. */
export function spentOn({ hosted, tokens }: Run, { prices }: PriceTable): number | undefined {
  const price = prices.find(({ model }) => model === hosted);
  return price && hostedCost(price, tokens, 1);
}

/** "USD 0.12 so far, about USD 4.00 in all", by the passages that were read; "USD 4.02" after the last one. */
export function costStory(run: Run, table: PriceTable): string | undefined {
  const spent = spentOn(run, table);
  if (spent === undefined || run.next === 0) return undefined;
  const amount = (value: number) => money(value, table.currency);
  const total = run.chunkIds.length;
  const words =
    run.next < total ? `${amount(spent)} so far, about ${amount((spent / run.next) * total)} in all` : amount(spent);
  return run.tokens.estimated ? `${words}, by estimated tokens` : words;
}

/** What all runs that wrote into a data set took, in words; undefined where none of them has a price. */
export function costOfRuns(runs: readonly Run[], table: PriceTable): string | undefined {
  const hosted = runs.filter((run) => run.hosted !== undefined && run.next > 0);
  const spent = hosted.flatMap((run) => spentOn(run, table) ?? []);
  if (spent.length === 0) return undefined;
  const sum = money(
    spent.reduce((a, b) => a + b, 0),
    table.currency,
  );
  const words = spent.length < hosted.length ? `at least ${sum}` : sum;
  return hosted.some(({ tokens }) => tokens.estimated) ? `${words}, by estimated tokens` : words;
}
