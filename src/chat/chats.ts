import { AttuneError } from '../errors/attune-error.ts';
import { database, type AttuneDatabase } from '../storage/database.ts';
import type { ChatRow, MessageRow } from '../storage/schema.ts';
import type { DeletedChat } from './contract.ts';

const UNTITLED = 'New chat';
const TITLE_LENGTH = 60;

/** A chat that a search found, with the words around the first hit in its messages. */
export interface FoundChat {
  chat: ChatRow;
  excerpt?: string;
}

/** Starts a chat; it takes its title from its first question unless one is given. */
export async function createChat(workspaceId: string, title = UNTITLED, db = database()): Promise<ChatRow> {
  const now = Date.now();
  const chat: ChatRow = { id: crypto.randomUUID(), workspaceId, title, createdAt: now, updatedAt: now };
  await db.chats.add(chat);
  return chat;
}

/** The chats of a workspace, the last used first. */
export async function listChats(workspaceId: string, db = database()): Promise<ChatRow[]> {
  const chats = await db.chats.where('workspaceId').equals(workspaceId).toArray();
  return chats.sort((a, b) => b.updatedAt - a.updatedAt);
}

/** The messages of a chat in their order. */
export function listMessages(chatId: string, db = database()): Promise<MessageRow[]> {
  return db.messages.where('[chatId+createdAt]').between([chatId, -Infinity], [chatId, Infinity]).toArray();
}

/**
 * Chats whose title or messages contain every word of the query, in any order, whatever their case and accents; the
 * last used first. An empty query finds all.
 */
export async function searchChats(workspaceId: string, query: string, db = database()): Promise<FoundChat[]> {
  const words = folded(query).split(/\s+/).filter(Boolean);
  const chats = await listChats(workspaceId, db);
  if (words.length === 0) return chats.map((chat) => ({ chat }));
  const texts = new Map<string, string[]>(chats.map((chat) => [chat.id, []]));
  await db.messages
    .where('workspaceId')
    .equals(workspaceId)
    .each((message) => texts.get(message.chatId)?.push(message.text));
  return chats.flatMap((chat) => {
    const messages = texts.get(chat.id) ?? [];
    const all = folded([chat.title, ...messages].join('\n'));
    if (!words.every((word) => all.includes(word))) return [];
    const hit = messages.find((text) => words.some((word) => folded(text).includes(word)));
    return [hit === undefined ? { chat } : { chat, excerpt: excerptAround(hit, words) }];
  });
}

/** @throws AttuneError `chat/no-title` for an empty title. */
export async function renameChat(chatId: string, title: string, db = database()): Promise<void> {
  const trimmed = title.trim();
  if (trimmed === '') throw new AttuneError('chat/no-title', 'A chat needs a title.', 'Type a few words.');
  await db.chats.update(chatId, { title: trimmed });
}

/** Deletes a chat with its messages and returns both, so that {@link restoreChat} can undo it; undefined: not there. */
export function deleteChat(chatId: string, db = database()): Promise<DeletedChat | undefined> {
  return db.transaction('rw', db.chats, db.messages, async () => {
    const chat = await db.chats.get(chatId);
    if (!chat) return undefined;
    const messages = await listMessages(chatId, db);
    await db.messages.bulkDelete(messages.map((message) => message.id));
    await db.chats.delete(chatId);
    return { chat, messages };
  });
}

/** Puts a deleted chat back as it was. */
export async function restoreChat(deleted: DeletedChat, db = database()): Promise<void> {
  await db.transaction('rw', db.chats, db.messages, async () => {
    await db.chats.put(deleted.chat);
    await db.messages.bulkPut(deleted.messages);
  });
}

/**
 * Keeps a thumbs up or down for an answer, with a better answer where the user wrote one; null takes it back. Kept with
 * the question and passages of the message, it can become training data.
 */
export async function setFeedback(
  messageId: string,
  feedback: { vote: 'up' | 'down'; correctedAnswer?: string } | null,
  db = database(),
): Promise<void> {
  const correctedAnswer = feedback?.correctedAnswer?.trim() || undefined;
  await db.messages.update(messageId, {
    feedback: feedback
      ? { vote: feedback.vote, ...(correctedAnswer && { correctedAnswer }), at: Date.now() }
      : undefined,
  });
}

/** Gives a chat that has no title of its own the beginning of its first question. */
export async function titleFromQuestion(chatId: string, question: string, db: AttuneDatabase): Promise<void> {
  const chat = await db.chats.get(chatId);
  if (chat?.title === UNTITLED) await db.chats.update(chatId, { title: shortened(question) });
}

function shortened(question: string): string {
  const line = question.trim().replace(/\s+/g, ' ');
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH);
  const lastSpace = cut.lastIndexOf(' ');
  return `${lastSpace > TITLE_LENGTH / 2 ? cut.slice(0, lastSpace) : cut}…`;
}

function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function excerptAround(text: string, words: string[]): string {
  const line = text.replace(/\s+/g, ' ');
  const lower = folded(line);
  // Folding may change lengths, so the position is approximate; an excerpt needs no more.
  const at = Math.min(...words.map((word) => lower.indexOf(word)).filter((index) => index >= 0));
  const start = Math.max(0, at - 40);
  return `${start > 0 ? '…' : ''}${line.slice(start, at + 80)}${at + 80 < line.length ? '…' : ''}`;
}
