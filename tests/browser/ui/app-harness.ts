import { mount, unmount } from 'svelte';
import { page } from 'vitest/browser';
import '../../../src/ui/design/base.css';
import '../../../src/ui/design/tokens.css';
import App from '../../../src/ui/App.svelte';
import { ownership } from '../../../src/ui/state/ownership.svelte.ts';
import { router } from '../../../src/ui/state/router.svelte.ts';
import { workspaces } from '../../../src/ui/state/workspaces.svelte.ts';
import { database } from '../../../src/storage/database.ts';
import type { DocumentRow, MessageRow, PassageSnapshot } from '../../../src/storage/schema.ts';

let app: Record<string, unknown> | undefined;

/** The whole app over an empty database with one workspace. @returns the workspace's id. */
export async function openApp(width = 1280, height = 800): Promise<string> {
  await closeApp();
  await page.viewport(width, height);
  const db = database();
  await Promise.all(db.tables.map((table) => table.clear()));
  await workspaces.open();
  await ownership.claim(workspaces.id);
  router.go('chat');
  const target = document.createElement('div');
  target.id = 'app';
  document.body.append(target);
  app = mount(App, { target });
  return workspaces.id;
}

export async function closeApp(): Promise<void> {
  if (app) await unmount(app);
  app = undefined;
  document.getElementById('app')?.remove();
  if (workspaces.id) await ownership.release(workspaces.id);
}

export const ROTATION =
  'The on-call engineer is told first. A rotation lasts one week and changes on Tuesday at ten.\n\n' +
  'If an alert is not acknowledged within fifteen minutes, the secondary engineer is paged.';

/** A document that was read, with one passage per paragraph. */
export async function addDocument(workspaceId: string, id: string, name: string, text = ROTATION): Promise<void> {
  const db = database();
  const now = Date.now();
  const row: DocumentRow = {
    id,
    workspaceId,
    path: `handbook/${name}`,
    name,
    folder: 'handbook',
    format: 'markdown',
    bytes: text.length,
    contentHash: id,
    status: 'ready',
    chunkCount: 2,
    addedAt: now,
    updatedAt: now,
  };
  const blocks = [...text.matchAll(/[^\n]+/g)].map((match) => ({
    kind: 'paragraph' as const,
    start: match.index,
    end: match.index + match[0].length,
  }));
  await db.documents.add(row);
  await db.documentTexts.add({ documentId: id, workspaceId, text, blocks });
  await db.chunks.bulkAdd(
    blocks.map(({ start, end }, ordinal) => ({
      id: `${id}-${ordinal}`,
      workspaceId,
      documentId: id,
      ordinal,
      start,
      end,
      text: text.slice(start, end),
      headings: [],
      tokens: 20,
      hash: `${id}-${ordinal}`,
    })),
  );
}

/** The second paragraph of {@link ROTATION} as the model was shown it. */
export function passage(number: number, documentId: string, documentName: string): PassageSnapshot {
  const start = ROTATION.indexOf('If an alert');
  return {
    number,
    chunkId: `${documentId}-1`,
    documentId,
    documentName,
    path: `handbook/${documentName}`,
    headings: ['Escalation'],
    start,
    end: ROTATION.length,
    text: ROTATION.slice(start),
    score: 0.03,
    denseRank: 1,
    lexicalRank: 2,
  };
}

/** A chat with one question and one answer. @returns the answer's id. */
export async function addChat(
  workspaceId: string,
  chatId: string,
  title: string,
  answer: Partial<MessageRow> & Pick<MessageRow, 'text'>,
): Promise<string> {
  const db = database();
  const now = Date.now();
  const common = { chatId, workspaceId };
  await db.chats.add({ id: chatId, workspaceId, title, createdAt: now, updatedAt: now });
  await db.messages.bulkAdd([
    { ...common, id: `${chatId}-q`, role: 'user', text: title, createdAt: now },
    { ...common, id: `${chatId}-a`, role: 'assistant', kind: 'answer', createdAt: now + 1, ...answer },
  ]);
  return `${chatId}-a`;
}
