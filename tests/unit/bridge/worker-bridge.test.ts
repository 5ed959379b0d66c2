import * as Comlink from 'comlink';
import { expect, it, onTestFinished } from 'vitest';
import { WorkerBridge, type BridgeOptions } from '../../../src/bridge/worker-bridge.ts';
import { AttuneError } from '../../../src/errors/attune-error.ts';

/** Workers that are no threads: what they are asked goes over a channel of its own, which dies with them. */
function bridgeTo<Service extends object>(service: Service, options: Partial<BridgeOptions> = {}) {
  const channels: MessageChannel[] = [];
  const bridge = new WorkerBridge<Service>({
    name: 'training',
    create: () => {
      const channel = new MessageChannel();
      channels.push(channel);
      Comlink.expose(service, channel.port2);
      return Object.assign(channel.port1, { terminate: () => channel.port2.close() }) as unknown as Worker;
    },
    ...options,
  });
  onTestFinished(() => bridge.stop());
  return { bridge, started: () => channels.length };
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
