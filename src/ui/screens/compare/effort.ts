import type { PriceTable } from '../../../evaluation/costs/contract.ts';
import { hostedCost, money } from '../../../evaluation/costs/hosted-cost.ts';
import type { EvaluationFigures } from '../../../evaluation/figures/contract.ts';
import { duration } from '../../format.ts';

/** What 1,000 questions take with one configuration, in words. */
export interface EffortRow {
  /** "2 min 5 s", "1 h 12 min". */
  time?: string;
  /** "12.3 tokens/s". */
  speed?: string;
  /** What each hosted model of the price table would take for the same text, in the table's order. */
  costs: (string | undefined)[];
}

/** By configuration. A configuration without answers reads and writes nothing that a hosted model would charge for. */
export function effortOf(
  summaries: EvaluationFigures['summaries'],
  { currency, prices }: PriceTable,
): ReadonlyMap<string, EffortRow> {
  return new Map(
    summaries.map(({ configurationId, per1000, tokensPerSecond }) => {
      const { seconds, promptTokens, outputTokens } = per1000;
      const costs = prices.map((price) =>
        promptTokens === undefined || outputTokens === undefined
          ? undefined
          : money(hostedCost(price, { prompt: promptTokens, output: outputTokens }, 1), currency),
      );
      return [
        configurationId,
        {
          ...(seconds !== undefined && { time: longDuration(seconds) }),
          ...(tokensPerSecond !== undefined && { speed: `${tokensPerSecond.toFixed(1)} tokens/s` }),
          costs,
        },
      ];
    }),
  );
}

function longDuration(seconds: number): string {
  if (seconds < 3600) return duration(seconds);
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
