import { expect, it, onTestFinished } from 'vitest';
import { WorkerBridge, type BridgeOptions } from '../../../src/bridge/worker-bridge.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';
import { channelWorker } from '../../support/channel-worker.ts';

function bridgeTo<Service extends object>(service: Service, options: Partial<BridgeOptions> = {}) {
  let started = 0;
  const create = () => {
    started++;
    return channelWorker(service);
  };
  const bridge = new WorkerBridge<Service>({ name: 'training', create, ...options });
  onTestFinished(() => bridge.stop());
  return { bridge, started: () => started };
}

const full = new AttuneError('engine/out-of-memory', 'Full.', 'Less.');

const service = {
  fail: () => Promise.reject(full),
  hang: () => new Promise<void>(() => undefined),
  answer: () => 42,
};

it('a call in progress is told when another one uses up the worker, and the next gets a fresh one', async () => {
  const { bridge, started } = bridgeTo(service, { computes: true });
  const hanging = bridge.call((remote) => remote.hang());
  await expect(bridge.call((remote) => remote.fail())).rejects.toMatchObject({ code: 'engine/out-of-memory' });
  await expect(hanging).rejects.toMatchObject({ code: 'worker/stopped' });
  await expect(bridge.call((remote) => remote.answer())).resolves.toBe(42);
  expect(started()).toBe(2);
});

it('a call in progress is told when the worker is ended from outside', async () => {
  const { bridge } = bridgeTo(service);
  const hanging = bridge.call((remote) => remote.hang());
  await bridge.call((remote) => remote.answer());
  bridge.stop();
  await expect(hanging).rejects.toMatchObject({ code: 'worker/stopped' });
});
