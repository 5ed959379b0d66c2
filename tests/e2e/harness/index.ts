export { AppServer } from './app-server.ts';
export { TestBrowser, createProfile } from './browser.ts';
export { openApp, waitUntilInstalled } from './pages.ts';
export * from './person.ts';
export { putRow, rowsOf } from './rows.ts';
