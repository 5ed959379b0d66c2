import { mount, unmount } from 'svelte';
import { expect, test } from 'vitest';
import { page } from 'vitest/browser';
import ReloadToConnect from '../../../src/ui/components/ReloadToConnect.svelte';
import { readAllowedOrigins } from '../../../src/pwa/allowed-origins.ts';
import { database } from '../../../src/storage/database.ts';
import { connections } from '../../../src/ui/state/connections.svelte.ts';

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
