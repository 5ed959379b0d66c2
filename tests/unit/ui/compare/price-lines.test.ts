import { describe, expect, test } from 'vitest';
import { isRepeated, pricesOf } from '../../../../src/ui/screens/compare/price-lines.ts';

const line = (model: string, input = '1', output = '2') => ({ model, input, output });

describe('the lines of a price table', () => {
  test('are prices when all that were begun are complete', () => {
    const lines = [line(' Hosted ', '2,5', '10'), line('', '', '')];
    expect(pricesOf(lines)).toEqual([{ model: 'Hosted', inputPerMillion: 2.5, outputPerMillion: 10 }]);
    expect(pricesOf([...lines, line('Other', '', '1')])).toBeNull();
    expect(pricesOf([...lines, line('', '1', '1')])).toBeNull();
    expect(pricesOf([line('Hosted', '-1', '1')])).toBeNull();
  });

  test('name no model twice, for two columns of one name tell nothing apart', () => {
    const lines = [line('Hosted'), line('', '', ''), line('Hosted ', '3', '4'), line('Other')];
    expect(lines.map((_, place) => isRepeated(lines, place))).toEqual([false, false, true, false]);
    expect(pricesOf(lines)).toBeNull();
  });
});
