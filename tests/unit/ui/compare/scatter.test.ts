import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelled, scaleOf } from '../../../../src/ui/screens/compare/experiments/scatter.ts';

describe('a scale', () => {
  test('holds every value within its ends and keeps their order', () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.boolean(), (list, logarithmic) => {
        const { at, ticks } = scaleOf(list, logarithmic);
        const sorted = list.toSorted((a, b) => a - b);
        const places = sorted.map(at);
        expect(places.every((place) => place >= 0 && place <= 1)).toBe(true);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThan(45);
      }),
    );
  });

  test('has round ticks, and powers of ten with their halves where it is logarithmic', () => {
    expect(scaleOf([0.5, 0.63], false).ticks).toEqual([0.5, 0.55, 0.6]);
    expect(scaleOf([0.0005, 0.002], true).ticks).toEqual([0.0005, 0.001, 0.002]);
  });
});

describe('labels at points', () => {
  const point = (id: string, x: number, y: number) => ({ id, x, y, width: 60 });

  test('stand right of their point, left of it at the edge, and never over an earlier one', () => {
    const sides = labelled([point('best', 10, 10), point('edge', 190, 10), point('hidden', 14, 12)], 14, 200);
    expect([...sides]).toEqual([
      ['best', 'start'],
      ['edge', 'end'],
    ]);
  });
});
