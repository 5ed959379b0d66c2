export { AppServer } from './app-server.ts';
export { TestBrowser, createProfile } from './browser.ts';
export { openApp, waitUntilInstalled } from './pages.ts';
