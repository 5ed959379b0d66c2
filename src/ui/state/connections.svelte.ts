import { liveQuery } from 'dexie';
import { nodeOrigins } from '../../companion/origins.ts';
import { allowedOrigins } from '../../generation/endpoint/client.ts';
import { HUB_ACCESS_SETTING, HUB_ORIGINS } from '../../models/settings.ts';
import { policyOrigin, setAllowedOrigins } from '../../pwa/allowed-origins.ts';
import { originsInForce } from '../../pwa/origins-in-force.ts';
import { database } from '../../storage/database.ts';
import { report } from './errors.svelte.ts';
import { LiveQuery } from './live-query.svelte.ts';
import { toasts } from './toasts.svelte.ts';

/**
 * Keeps the list of addresses that this page may connect to in step with what is switched on: endpoints, nodes and the hub.
 * A page's policy is fixed when it loads, so a new address takes a reload.
 */
class Connections {
  readonly #inForce = new Set(originsInForce());
  readonly #hasPolicy = document.querySelector('meta[http-equiv="Content-Security-Policy"]') !== null;
  #written = Promise.resolve();
  #notice: number | undefined;
  #listed = $state.raw<ReadonlySet<string>>(new Set());
  #hub = new LiveQuery(async () => (await database().settings.get(HUB_ACCESS_SETTING))?.value === true, false);

  /** Models may be fetched from the hub. */
  get hub(): boolean {
    return this.#hub.current;
  }

  /** True while {@link hub} is on and this page cannot reach it yet. */
  get hubNeedsReload(): boolean {
    return this.hub && HUB_ORIGINS.some((origin) => this.needsReload(origin));
  }

  /** The hub's addresses stand in the list, each of them. */
  get hubIsListed(): boolean {
    return HUB_ORIGINS.every((origin) => this.isListed(origin));
  }

  async setHub(on: boolean): Promise<void> {
    await database().settings.put({ key: HUB_ACCESS_SETTING, value: on });
  }

  /** True when this page cannot reach an address until it is loaded anew. */
  needsReload(address: string): boolean {
    return this.#hasPolicy && !this.#inForce.has(policyOrigin(address));
  }

  /** True once an address stands in the list that the next page gets its policy from. */
  isListed(address: string): boolean {
    return this.#listed.has(policyOrigin(address));
  }

  /** Called once at start. */
  follow(): void {
    liveQuery(async () => {
      const hub = (await database().settings.get(HUB_ACCESS_SETTING))?.value === true;
      return [...(await allowedOrigins()), ...(await nodeOrigins()), ...(hub ? HUB_ORIGINS : [])];
    }).subscribe({
      // One after the other: a list that is written late must not replace a newer one.
      next: (origins) => {
        this.#written = this.#written.then(() => this.#allow(origins)).catch((error: unknown) => void report(error));
      },
      error: report,
    });
  }

  async #allow(origins: string[]): Promise<void> {
    const changed = await setAllowedOrigins(origins);
    this.#listed = new Set(origins.map(policyOrigin));
    if (!changed) return;
    if (this.#notice !== undefined) toasts.dismiss(this.#notice);
    this.#notice = undefined;
    // What was switched on and off again needs no reload.
    if ([...this.#listed].sort().join() === [...this.#inForce].sort().join()) return;
    this.#notice = toasts.show({
      icon: 'globe',
      message: 'What this page may connect to has changed.',
      detail: 'It takes effect after a reload.',
      action: { label: 'Reload', run: () => location.reload() },
      lasts: null,
    });
  }
}

export const connections = new Connections();
