import { describe, expect, it } from 'vitest';
import { baseModel } from '../../../src/ui/screens/tune/base-model.ts';
import { ALONE, valuesToTry } from '../../../src/ui/screens/tune/words.ts';

describe('values to try', () => {
  const rank = { min: 1, max: 64 };

  it('are read from a list, each once and in order', () => {
    expect(valuesToTry('16, 4; 8 4', rank)).toEqual({ values: [4, 8, 16] });
    expect(valuesToTry('', rank)).toEqual({ values: [] });
  });

  it('that are out of range or no numbers are named as left out', () => {
    const outOfRange = valuesToTry('4, 8, 1000', rank);
    expect(outOfRange).toEqual({ values: [4, 8], problem: '“1000” is left out: values lie between 1 and 64.' });
    expect(valuesToTry('some', rank)).toMatchObject({
      values: [],
      problem: expect.stringContaining('“some”') as string,
    });
  });

  it('need a second one', () => {
    expect(valuesToTry('8', rank)).toEqual({ values: [8], problem: ALONE });
  });
});

describe('the model that a run would tune', () => {
  const models = [
    { id: 'a', name: 'First' },
    { id: 'b', name: 'Second' },
  ];

  it('is the one that was chosen, else the one in use', () => {
    expect(baseModel(models, 'a', models[1])).toEqual({ modelId: 'a' });
    expect(baseModel(models, undefined, models[1])).toEqual({ modelId: 'b' });
    expect(baseModel(models, 'gone', models[1])).toEqual({ modelId: 'b' });
  });

  it('is another where that one cannot be tuned, which is told', () => {
    const elsewhere = { id: 'c', name: 'Served elsewhere' };
    expect(baseModel(models, undefined, elsewhere)).toEqual({ modelId: 'a', passedOver: 'Served elsewhere' });
    expect(baseModel(models, 'b', elsewhere)).toEqual({ modelId: 'b' });
    expect(baseModel(models, undefined, undefined)).toEqual({ modelId: 'a' });
    expect(baseModel([], undefined, elsewhere)).toEqual({});
  });
});
