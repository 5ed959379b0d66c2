import { afterAll, expect, test } from 'vitest';
import { page } from 'vitest/browser';
import { ingest } from '../../../src/ingest/client.ts';
import { database } from '../../../src/storage/database.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { workspaces } from '../../../src/ui/state/workspaces.svelte.ts';
import { exportWorkspace, importWorkspace } from '../../../src/workspaces/client.ts';
import { PAYLOADS } from '../markdown/payloads.ts';
import { addChat, closeApp, openApp } from './app-harness.ts';

afterAll(closeApp);

test('a workspace archive full of hostile markup runs nothing and requests nothing, in chat and library', async () => {
  let ran = 0;
  Object.assign(window, { __ran: () => void ran++ });
  const origin = await openApp();
  const db = database();
  await db.workspaces.update(origin, { name: PAYLOADS[0]! });
  await ingest.add(origin, [{ path: 'hostile.md', blob: new Blob([PAYLOADS.join('\n\n')]) }]);
  await ingest.run(origin);
  await addChat(origin, 'c1', PAYLOADS[6]!, { text: PAYLOADS[0]! });
  await db.messages.bulkAdd(
    PAYLOADS.slice(1).map((text, index) => ({
      ...{ id: `m${index}`, chatId: 'c1', workspaceId: origin, role: 'assistant' as const, kind: 'answer' as const },
      ...{ text, createdAt: Date.now() + 10 + index },
    })),
  );

  const { workspaceId } = await importWorkspace(await exportWorkspace(origin, { vectors: false }));
  expect(workspaceId).not.toBe(origin);
  await workspaces.select(workspaceId);
  const chat = await db.chats.where({ workspaceId }).first();
  performance.clearResourceTimings();
  router.go('chat', chat!.id);
  await expect.poll(() => document.querySelectorAll('[data-testid=answer]').length).toBe(PAYLOADS.length);
  expectHarmless();

  const hostile = await db.documents.where({ workspaceId }).first();
  router.go('library', hostile!.id);
  await expect.element(page.getByTestId('document-view')).toHaveTextContent('window.__ran(1)');
  expectHarmless();

  function expectHarmless(): void {
    const app = document.getElementById('app')!;
    expect(
      app.querySelectorAll('script, iframe, object, embed, link, base, math, .prose :is(svg, img, style)'),
    ).toHaveLength(0);
    for (const element of app.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/i);
        if (name === 'href' || name === 'src') expect(value).not.toMatch(/^\s*(javascript|data|vbscript):/i);
      }
    }
    const requested = performance.getEntriesByType('resource').map((entry) => entry.name);
    expect(requested.filter((name) => name.includes('attack.invalid'))).toEqual([]);
    expect(ran).toBe(0);
  }
});
