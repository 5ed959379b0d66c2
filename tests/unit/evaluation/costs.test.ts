import { describe, expect, it } from 'vitest';
import { hostedCost, money, NO_PRICES, priceTable } from '../../../src/evaluation/costs/hosted-cost.ts';

describe('what a hosted model would take', () => {
  it('counts tokens read and written at their own price', () => {
    const price = { model: 'example price', inputPerMillion: 2, outputPerMillion: 8 };
    // 1,000 · (1,500 · 2 + 100 · 8) / 1,000,000
    expect(hostedCost(price, { prompt: 1500, output: 100 })).toBeCloseTo(3.8, 12);
    expect(hostedCost(price, { prompt: 1500, output: 100 }, 10)).toBeCloseTo(0.038, 12);
  });

  it('prints amounts so that small ones do not vanish', () => {
    expect(money(3.8, 'USD')).toBe('USD 3.80');
    expect(money(0.0012, '€')).toBe('€ 0.0012');
    expect(money(1234.5, 'USD')).toBe('USD 1235');
    expect(money(0, 'USD')).toBe('USD 0.00');
  });

  it('reads whatever was stored and leaves out lines without a price', () => {
    const good = { model: 'a', inputPerMillion: 1, outputPerMillion: 0, note: 'June' };
    const bad = [{ model: 'b', inputPerMillion: -1, outputPerMillion: 0 }, { model: '', inputPerMillion: 1 }, null];
    expect(priceTable({ currency: '€', prices: [good, ...bad] })).toEqual({ currency: '€', prices: [good] });
    expect(priceTable('nothing')).toEqual(NO_PRICES);
    expect(priceTable({ currency: ' ', prices: [] }).currency).toBe('USD');
  });
});
