import { holdWorkersUntil } from '../bridge/worker-bridge.ts';

/** What screens need to know about the installed app: when it is ready for offline use, and when a new version waits. */

/** A new version that has been downloaded and waits for consent. */
export interface WaitingUpdate {
  /** Switches to the new version and reloads every open tab of the app. */
  apply(): void;
}

/** Longest wait for the service worker on a first visit; a browser that forbids it must not stop the app. */
const CONTROL_TIMEOUT_MS = 5_000;

/**
 * Registers the service worker. Call once at start, from the main thread. Workers of the app wait until this page is
 * under its control, so that what they load is kept for offline use. Does nothing under the dev server.
 *
 * @param onUpdate called when a new version waits, at once or hours later
 */
export async function startServiceWorker(onUpdate: (update: WaitingUpdate) => void): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  const workers = navigator.serviceWorker;
  const registering = workers.register(`${import.meta.env.BASE_URL}service-worker.js`);
  const controlled = registering.then(() => controlOfThisPage(workers));
  holdWorkersUntil(controlled);
  try {
    announceUpdates(workers, await registering, onUpdate);
    await controlled;
    reloadOnceForIsolation();
  } catch (error) {
    console.warn('Attune cannot be kept for offline use in this browser:', error);
  }
}

function controlOfThisPage(workers: ServiceWorkerContainer): Promise<void> {
  if (workers.controller) return Promise.resolve();
  return new Promise((resolve) => {
    workers.addEventListener('controllerchange', () => resolve(), { once: true });
    setTimeout(resolve, CONTROL_TIMEOUT_MS);
  });
}

function announceUpdates(
  workers: ServiceWorkerContainer,
  registration: ServiceWorkerRegistration,
  onUpdate: (update: WaitingUpdate) => void,
): void {
  const announce = (waiting: ServiceWorker): void => {
    // Without a controller this is the first installation, not an update.
    if (!workers.controller) return;
    onUpdate({
      apply: () => {
        workers.addEventListener('controllerchange', () => location.reload(), { once: true });
        waiting.postMessage({ type: 'activate-update' });
      },
    });
  };
  if (registration.waiting) announce(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const installing = registration.installing;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed') announce(installing);
    });
  });
}

/**
 * A host that does not send the isolation headers is helped out by the service worker, which adds them from the second
 * load on. The flag stops a loop where even that does not isolate the page.
 */
function reloadOnceForIsolation(): void {
  const flag = 'attune-isolation-reload';
  if (crossOriginIsolated || !navigator.serviceWorker.controller || sessionStorage.getItem(flag)) return;
  sessionStorage.setItem(flag, '1');
  location.reload();
}
