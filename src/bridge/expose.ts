import * as Comlink from 'comlink';
import { carryErrorsWhole } from './error-transfer.ts';

/** Publishes a service from inside a worker. The only thing a file under `workers/` does besides building the service. */
export function expose(service: object): void {
  carryErrorsWhole();
  Comlink.expose(service);
}
