import { mount, unmount } from 'svelte';
import { expect, test } from 'vitest';
import { page } from 'vitest/browser';
import ReloadToConnect from '../../../src/ui/components/ReloadToConnect.svelte';
import { readAllowedOrigins } from '../../../src/pwa/allowed-origins.ts';
import { database } from '../../../src/storage/database.ts';
import { connections } from '../../../src/ui/state/connections.svelte.ts';
import { toasts } from '../../../src/ui/state/toasts.svelte.ts';

const ADDRESS = 'http://127.0.0.1:9';

test('a reload is offered once the next page will find the address in its policy, not before', async () => {
  const props = {
    get ready() {
      return connections.isListed(ADDRESS);
    },
  };
  const button = mount(ReloadToConnect, { target: document.body, props });
  await database().nodes.add({ id: 'n', name: 'Node', url: ADDRESS, enabled: true, createdAt: 0 });
  const reload = page.getByRole('button', { name: 'Reload to connect' });
  await expect.element(reload).toBeDisabled();
  expect(await readAllowedOrigins()).not.toContain(ADDRESS);

  connections.follow();
  await expect.element(reload).toBeEnabled();
  expect(await readAllowedOrigins()).toContain(ADDRESS);
  await unmount(button);
});

test('one notice says that a reload is due, and it goes when nothing has changed in the end', async () => {
  const notices = () => toasts.list.filter(({ action }) => action?.label === 'Reload').length;
  await database().nodes.add({ id: 'm', name: 'Other', url: 'http://127.0.0.1:10', enabled: true, createdAt: 0 });
  await expect.poll(() => connections.isListed('http://127.0.0.1:10')).toBe(true);
  expect(notices()).toBe(1);
  await database().nodes.clear();
  await expect.poll(notices).toBe(0);
  expect(await readAllowedOrigins()).toEqual([]);
});
