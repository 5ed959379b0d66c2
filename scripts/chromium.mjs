import { existsSync } from 'node:fs';

/** Where distributions and people put it, first match wins. */
const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** @returns {string | null} path of an installed Chromium or Chrome; `ATTUNE_CHROMIUM` overrides the search */
export function findChromium() {
  const chosen = process.env.ATTUNE_CHROMIUM;
  if (chosen) return existsSync(chosen) ? chosen : null;
  return CANDIDATES.find((path) => existsSync(path)) ?? null;
}

/**
 * @returns {string} path of a Chromium
 * @throws Error that says how to get one
 */
export function chromiumPath() {
  const path = findChromium();
  if (path) return path;
  throw new Error('No Chromium was found. Install one (apt-get install chromium) or set ATTUNE_CHROMIUM to its path.');
}

/** Flags for every test browser: no sandbox (it is missing in containers), and none of the browser's own traffic. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--password-store=basic',
  '--use-mock-keychain',
];

/** A WebGPU adapter that computes on the processor: right, slow, and never taken for a GPU by the app. */
export const SOFTWARE_WEBGPU_FLAGS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
];
