import { expect, it } from 'vitest';
import type { RunOnNode, RunRow } from '../../../src/storage/schema.ts';
import { leftWords } from '../../../src/ui/screens/tune/left-words.ts';

const run = (state: RunRow['state'], there: Partial<RunOnNode> = {}) =>
  ({ state, node: { nodeId: 'n', name: 'gpu.lan', ...there } }) as RunRow;
const said = (runs: RunRow[], forgotten = false) => {
  const { mark, rest } = leftWords(runs, forgotten);
  return [mark, rest].filter(Boolean).join(' ');
};
const SENT = { fileId: 'f', rows: 12, jobId: 'j' };

it('names what lies on a node', () => {
  expect(said([run('running', SENT)])).toBe(
    '12 rows of the data set lie on gpu.lan. The tab may be closed; the run goes on there.',
  );
  expect(said([run('done', { ...SENT, model: 'm' })])).toBe(
    '12 rows of the data set and the tuned model lie on gpu.lan.',
  );
  expect(said([run('done', { jobId: 'j', model: 'm' })])).toBe('The tuned model still lies on gpu.lan.');
});

it('does not claim that an upload arrived of which it has not heard', () => {
  expect(said([run('cancelled', { rows: 12 })])).toBe('12 rows of the data set may lie on gpu.lan.');
});

it('says nothing was sent of a run that is about to begin alone', () => {
  expect(said([run('waiting')])).toBe('Runs on gpu.lan. Nothing was sent yet.');
  expect(said([run('failed')])).toBe('Nothing of this run lies on gpu.lan.');
});

it.each(['done', 'failed', 'cancelled'] as const)(
  'says of a %s run whose rows were deleted that they are gone',
  (state) => {
    expect(said([run(state, { jobId: 'j' })])).toMatch(/^Nothing of this run lies on gpu\.lan any more/);
  },
);

it('says of a forgotten node that what lies there stays', () => {
  expect(said([run('paused', SENT)], true)).toBe(
    'gpu.lan was forgotten here. What lay on it of this run (12 rows of the data set) stays there until it is deleted on that machine.',
  );
});
