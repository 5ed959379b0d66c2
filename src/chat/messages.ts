import { AttuneError } from '../errors/attune-error.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { AnswerVariant, MessageRow } from '../storage/schema.ts';
import { withoutCitations } from './attribution/claims.ts';
import { listMessages, titleFromQuestion } from './chats.ts';
import type { AskRequest } from './contract.ts';
import type { Exchange } from './prompt/follow-up.ts';

/**
 * Stores the question of a request (or finds it again, dropping what came after it) and reads the settings of its
 * workspace.
 *
 * @throws AttuneError `chat/missing`, `chat/no-question`.
 */
export function openQuestion(
  request: AskRequest,
  db: AttuneDatabase,
): Promise<{ question: MessageRow; settings: Record<string, unknown> }> {
  return db.transaction('rw', db.chats, db.messages, db.workspaces, async () => {
    const chat = await db.chats.get(request.chatId);
    if (!chat) throw new AttuneError('chat/missing', 'This chat no longer exists.', 'Start a new chat and ask there.');
    const text = request.question.trim();
    if (text === '') throw new AttuneError('chat/no-question', 'The question is empty.', 'Type a question.');
    const messages = await listMessages(chat.id, db);
    const known = messages.find((message) => message.id === request.questionId);
    if (known) await db.messages.bulkDelete(messages.slice(messages.indexOf(known) + 1).map((message) => message.id));
    const question: MessageRow = known
      ? { ...known, text }
      : {
          id: crypto.randomUUID(),
          chatId: chat.id,
          workspaceId: chat.workspaceId,
          role: 'user',
          text,
          createdAt: after(messages.at(-1)),
        };
    await db.messages.put(question);
    await titleFromQuestion(chat.id, text, db);
    await db.chats.update(chat.id, { updatedAt: Date.now() });
    const settings = (await db.workspaces.get(chat.workspaceId))?.settings ?? {};
    return { question, settings };
  });
}

/** Stores the answer to a question. @throws AttuneError `chat/missing` when the chat was deleted meanwhile. */
export function storeAnswer(
  question: MessageRow,
  answer: Pick<MessageRow, 'text'> & Partial<MessageRow>,
  db: AttuneDatabase,
): Promise<MessageRow> {
  return db.transaction('rw', db.chats, db.messages, async () => {
    const { chatId, workspaceId } = question;
    const changed = await db.chats.update(chatId, { updatedAt: Date.now() });
    if (changed === 0)
      throw new AttuneError('chat/missing', 'The chat was deleted meanwhile.', 'Start a new chat and ask there.');
    const message: MessageRow = {
      ...answer,
      id: crypto.randomUUID(),
      chatId,
      workspaceId,
      role: 'assistant',
      createdAt: after(question),
    };
    await db.messages.add(message);
    return message;
  });
}

/**
 * A stored answer with its question and the settings of its workspace.
 *
 * @throws AttuneError `chat/missing`; `chat/no-passages` when there is nothing to write another answer from
 */
export async function findAnswered(
  messageId: string,
  db: AttuneDatabase,
): Promise<{ question: MessageRow; message: MessageRow; settings: Record<string, unknown> }> {
  const message = await db.messages.get(messageId);
  const messages = message ? await listMessages(message.chatId, db) : [];
  const at = messages.findIndex(({ id }) => id === messageId);
  const question = messages.slice(0, at).findLast(({ role }) => role === 'user');
  if (!message || message.role !== 'assistant' || !question) {
    throw new AttuneError('chat/missing', 'This answer no longer exists.', 'Ask the question again.');
  }
  if (!message.passages?.length) {
    throw new AttuneError('chat/no-passages', 'This answer was made from no passages.', 'Ask the question again.');
  }
  const settings = (await db.workspaces.get(message.workspaceId))?.settings ?? {};
  return { question, message, settings };
}

/** Keeps a second answer beside the first. @throws AttuneError `chat/missing` when that was deleted meanwhile. */
export async function storeOther(messageId: string, other: AnswerVariant, db: AttuneDatabase): Promise<MessageRow> {
  await db.messages.update(messageId, { other });
  const message = await db.messages.get(messageId);
  if (message) return message;
  throw new AttuneError('chat/missing', 'The answer was deleted meanwhile.', 'Ask the question again.');
}

/** The questions before this one with their answers, oldest first; answers without citations. */
export async function historyBefore(question: MessageRow, db: AttuneDatabase): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const message of await listMessages(question.chatId, db)) {
    if (message.id === question.id) break;
    if (message.role === 'user') exchanges.push({ question: message.text, answer: '' });
    const last = exchanges.at(-1);
    if (message.role !== 'assistant' || !last) continue;
    if (message.searchedAs) last.searchedAs = message.searchedAs;
    const isAnswer = message.kind === 'answer' || message.kind === 'extractive' || message.kind === 'stopped';
    if (isAnswer) last.answer = withoutCitations(message.text);
  }
  return exchanges;
}

/** Messages are ordered by time, and two can be made within one millisecond. */
function after(message: MessageRow | undefined): number {
  return Math.max(Date.now(), (message?.createdAt ?? 0) + 1);
}
