import { afterAll, beforeEach, expect, test } from 'vitest';
import { jobs } from '../../../src/jobs/client.ts';
import { createWorkspace } from '../../../src/workspaces/client.ts';
import { ownership } from '../../../src/ui/state/ownership.svelte.ts';
import { closeApp, openApp } from './app-harness.ts';

beforeEach(async () => void (await openApp()));
afterAll(closeApp);

test('whoever asks second for a workspace waits for the same answer, and may write then', async () => {
  const { id } = await createWorkspace('Imported');
  const first = ownership.claim(id);
  await ownership.claim(id);
  await expect(jobs.embed(id)).resolves.toBeUndefined();
  await first;
  await ownership.release(id);
  await expect(jobs.embed(id)).rejects.toMatchObject({ code: 'workspace/read-only' });
});
