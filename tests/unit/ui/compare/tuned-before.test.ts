import { expect, test } from 'vitest';
import { tunedBefore } from '../../../../src/ui/screens/compare/tuned-before.ts';

test('an adapter is named that learnt from the data set before it was split anew', () => {
  const runs = [
    { id: 'before', datasetId: 'd', datasetHash: 'old' },
    { id: 'now', datasetId: 'd', datasetHash: 'new' },
    { id: 'elsewhere', datasetId: 'other', datasetHash: 'old' },
  ];
  const adapters = [
    ...runs.map(({ id: runId }) => ({ id: `of ${runId}`, runId })),
    { id: 'imported' },
    { id: 'of a run that was deleted', runId: 'gone' },
  ];
  expect([...tunedBefore(adapters, runs, { id: 'd', hash: 'new' })]).toEqual(['of before']);
});
