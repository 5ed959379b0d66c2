import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TrainingRequest, TrainingService } from '../../../src/training/contract.ts';
import { channelWorker } from '../../support/channel-worker.ts';

const request = {} as TrainingRequest;
const forEver = () => new Promise<never>(() => undefined);

/** What the service of every worker answers, and how many workers there were. */
let service: Record<string, () => unknown>;
let started: number;
let training: TrainingService;

beforeEach(async () => {
  started = 0;
  vi.stubGlobal('Worker', function () {
    started++;
    return channelWorker(service);
  });
  vi.resetModules();
  training = (await import('../../../src/training/client.ts')).training;
});
afterEach(() => vi.unstubAllGlobals());

it('an estimate has a worker that nothing was computed in before, and the run that follows has the same', async () => {
  service = { estimate: () => ({ fits: true }), proceed: () => undefined };
  await training.proceed('a');
  await training.estimate(request);
  expect(started).toBe(2);
  await training.estimate(request);
  await training.proceed('b');
  expect(started).toBe(3);
});

it('a worker whose memory an estimate used up is not kept for a run', async () => {
  service = { estimate: () => ({ fits: false }), proceed: () => undefined };
  await training.estimate(request);
  await training.proceed('a');
  expect(started).toBe(2);
});

it('a newer estimate ends the one before, whose caller sees that it was cancelled', async () => {
  const answers = [forEver, () => ({ fits: true })];
  service = { estimate: () => answers[started - 1]!(), create: () => 'run' };
  const cancelled = expect(training.estimate(request)).rejects.toMatchObject({ name: 'AbortError' });
  // Its answer comes after the first question reached the worker.
  await training.create(request);
  await expect(training.estimate(request)).resolves.toMatchObject({ fits: true });
  await cancelled;
});

it('an estimate never ends a run', async () => {
  service = { estimate: () => ({ fits: false }), proceed: forEver };
  void training.proceed('a');
  await training.estimate(request);
  await training.estimate(request);
  expect(started).toBe(1);
});
