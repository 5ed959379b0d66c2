import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import type { NodeRow } from '../../../src/storage/schema.ts';
import type { TrainingEstimate, TrainingRequest } from '../../../src/training/contract.ts';
import { NodeEstimates } from '../../../src/ui/screens/tune/node-estimates.svelte.ts';

const node: NodeRow = { id: 'gpu', name: 'gpu', url: 'http://gpu:8700', enabled: true, createdAt: 0 };
const request = { task: 'embedder' } as TrainingRequest;
const measured = { seconds: 60, fits: true } as TrainingEstimate;
const atWork = new AttuneError('companion/busy', 'It is at work.', 'Wait.');

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a node at work is said to be, and is asked again until it has measured', async () => {
  const measure = vi
    .fn(async () => measured)
    .mockRejectedValueOnce(atWork)
    .mockRejectedValueOnce(atWork);
  const estimates = new NodeEstimates(measure);
  const asked = estimates.ask([node], 'a', request);
  expect(estimates.of('gpu', 'a')?.state).toBe('measuring');
  await vi.advanceTimersByTimeAsync(0);
  expect(estimates.of('gpu', 'a')?.state).toBe('busy');
  await vi.runAllTimersAsync();
  await asked;
  expect(estimates.of('gpu', 'a')).toEqual({ state: 'known', value: measured });
  expect(measure).toHaveBeenCalledTimes(3);
});

test('what was measured is not measured again, and another request ends the one that was under way', async () => {
  const signals: AbortSignal[] = [];
  const estimates = new NodeEstimates((_, { task }, signal) => {
    signals.push(signal);
    return task === 'embedder' ? Promise.resolve(measured) : new Promise(() => undefined);
  });
  await estimates.ask([node], 'a', request);
  await estimates.ask([node], 'a', request);
  expect(signals).toHaveLength(1);
  void estimates.ask([node], 'b', { ...request, task: 'generator' });
  expect(estimates.of('gpu', 'b')?.state).toBe('measuring');
  await estimates.ask([node], 'c', request);
  expect(signals[1]!.aborted).toBe(true);
  expect(estimates.of('gpu', 'b')).toBeUndefined();
  expect(estimates.of('gpu', 'a')?.state).toBe('known');
});

test('why it could not be measured stays with the request', async () => {
  const lost = new AttuneError('companion/unreachable', 'It cannot be reached.', 'Start it.');
  const estimates = new NodeEstimates(() => Promise.reject(lost));
  await estimates.ask([node], 'a', request);
  expect(estimates.of('gpu', 'a')).toMatchObject({ state: 'failed', problem: { message: 'It cannot be reached.' } });
});
