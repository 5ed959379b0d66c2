import * as Comlink from 'comlink';

/** A worker that is no thread: what it is asked goes over a channel of its own, which dies with it. */
export function channelWorker(service: object): Worker {
  const { port1, port2 } = new MessageChannel();
  Comlink.expose(service, port2);
  return Object.assign(port1, { terminate: () => port2.close() }) as unknown as Worker;
}
