import { onEndpointsChanged } from '../../generation/endpoint/client.ts';
import { policyOrigin, setAllowedOrigins } from '../../pwa/allowed-origins.ts';
import { originsInForce } from '../../pwa/origins-in-force.ts';
import { report } from './errors.svelte.ts';

/**
 * Keeps the list of addresses that the page may connect to in step with what is switched on. A policy is fixed when a
 * page loads, so a new address takes a reload.
 */
class Connections {
  readonly #inForce = new Set(originsInForce());
  readonly #hasPolicy = document.querySelector('meta[http-equiv="Content-Security-Policy"]') !== null;

  /** Called once at start. */
  follow(): void {
    onEndpointsChanged((origins) => {
      setAllowedOrigins(origins).catch(report);
    });
  }

  /** True when this page cannot reach an address until it is loaded anew. */
  needsReload(address: string): boolean {
    return this.#hasPolicy && !this.#inForce.has(policyOrigin(address));
  }
}

export const connections = new Connections();
